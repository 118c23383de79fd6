import type { Platform, WorkerConfig, WorkerParts } from "@tandem/chassis";
import { makeFindDormant } from "../biz/find-dormant.ts";
import { makeFollowOrder } from "../biz/follow-order.ts";
import { makeRegisterCustomer } from "../biz/register-customer.ts";
import { makeCustomerReader } from "../data/customer-reader.ts";
import { makeOrderRecordNotes } from "../data/order-record-repository.ts";
import { makeCustomerUnitOfWork } from "../data/unit-of-work.ts";
import { segmentation } from "./cron/segmentation.ts";
import { onUserRegistered } from "./event/on-user-registered.ts";
import { orderConsumers } from "./event/order-consumers.ts";

export const composeWorker = ({ database, outbox, clock, metrics }: Platform<WorkerConfig>): WorkerParts => {
  const deps = { uow: makeCustomerUnitOfWork(database, outbox), clock };
  const customers = makeCustomerReader(database.orm);
  return {
    consumers: [
      onUserRegistered({ registerCustomer: makeRegisterCustomer(deps) }),
      ...orderConsumers({ followOrder: makeFollowOrder({ ...deps, notes: makeOrderRecordNotes(database) }) }),
    ],
    jobs: [segmentation({ findDormant: makeFindDormant({ ...deps, customers }), customers, metrics })],
  };
};
