import type { ApiConfig, ApiParts, Platform } from "@tandem/chassis";
import { FulfillmentService } from "@tandem/contracts/fulfillment";
import { newId } from "@tandem/kernel";
import { registerService } from "@tandem/rpc";
import {
  makeCancelFulfillment,
  makeConfirmPick,
  makeHandOver,
  makePack,
  makeStartPicking,
} from "../biz/change-fulfillment.ts";
import { makeFulfillmentReader } from "../data/fulfillment-reader.ts";
import { makeFulfillmentUnitOfWork } from "../data/unit-of-work.ts";
import { makeFulfillmentHandlers } from "../service/fulfillment-handlers.ts";

export const composeApi = ({ database, outbox, clock }: Platform<ApiConfig>): ApiParts => {
  const fulfillments = makeFulfillmentReader(database.orm);
  const deps = { uow: makeFulfillmentUnitOfWork(database, outbox), fulfillments, clock, newId };
  const handlers = makeFulfillmentHandlers({
    fulfillments,
    startPicking: makeStartPicking(deps),
    confirmPick: makeConfirmPick(deps),
    pack: makePack(deps),
    handOver: makeHandOver(deps),
    cancelFulfillment: makeCancelFulfillment(deps),
  });
  return { services: [registerService(FulfillmentService, handlers)] };
};
