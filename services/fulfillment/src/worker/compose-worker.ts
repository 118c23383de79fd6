import type { Platform, WorkerParts } from "@tandem/chassis";
import { newId } from "@tandem/kernel";
import type { z } from "zod";
import { makeFollowCarrier } from "../biz/change-fulfillment.ts";
import { makeCloseOrder, makeOpenFulfillments, makeRequestCancellation } from "../biz/follow-order.ts";
import { makeScanStale } from "../biz/scan-stale.ts";
import { CREW_BATCH, makeWorkOff } from "../biz/work-off.ts";
import type { fulfillmentWorkerConfig } from "../config/config.ts";
import { makeFulfillmentReader } from "../data/fulfillment-reader.ts";
import { makeOpeningStore } from "../data/opening-store.ts";
import { makeFulfillmentUnitOfWork } from "../data/unit-of-work.ts";
import { type Crew, createCrew } from "./create-crew.ts";
import { staleScan } from "./cron/stale-scan.ts";
import { onOrderCancelled, onOrderConfirmed, onOrderUpdated } from "./event/order-consumers.ts";
import { shipmentConsumers } from "./event/shipment-consumers.ts";

export const composeWorker = (platform: Platform<z.output<typeof fulfillmentWorkerConfig>>): WorkerParts => {
  const { database, outbox, clock, config, log, metrics } = platform;
  const delayMs = config.CREW_DELAY_MS;
  const onOpened = () => crew?.wake();
  const deps = { uow: makeFulfillmentUnitOfWork(database, outbox, { onOpened }), clock, newId };
  const crew: Crew | undefined =
    delayMs > 0
      ? createCrew({
          workOff: makeWorkOff({
            ...deps,
            uow: makeFulfillmentUnitOfWork(database, outbox, { onOpened, traced: true }),
            delayMs,
          }),
          delayMs,
          batchSize: CREW_BATCH,
          log,
        })
      : undefined;
  return {
    consumers: [
      onOrderConfirmed({
        openFulfillments: makeOpenFulfillments({ ...deps, openings: makeOpeningStore(database, outbox, onOpened) }),
      }),
      onOrderUpdated({ requestCancellation: makeRequestCancellation(deps) }),
      onOrderCancelled({ closeOrder: makeCloseOrder(deps) }),
      ...shipmentConsumers({ followCarrier: makeFollowCarrier(deps) }),
    ],
    jobs: [
      staleScan({
        scanStale: makeScanStale({
          ...deps,
          fulfillments: makeFulfillmentReader(database.orm),
          staleAfterMs: config.STALE_AFTER_MS,
          flagAfterMs: config.STALE_FLAG_AFTER_MS,
        }),
        metrics,
      }),
    ],
    workers: crew ? [crew] : [],
  };
};
