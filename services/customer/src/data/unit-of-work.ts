import type { Outbox } from "@tandem/messaging";
import { type Database, makeUnitOfWork } from "@tandem/postgres";
import type { CustomerUnitOfWork } from "../biz/ports.ts";
import { toOutgoingEvent } from "../events/to-outgoing-event.ts";
import { makeAddressRepository } from "./address-repository.ts";
import { makeCustomerRepository } from "./customer-repository.ts";
import { makeOrderRecordRepository } from "./order-record-repository.ts";

export const makeCustomerUnitOfWork = (database: Database, outbox: Outbox): CustomerUnitOfWork =>
  makeUnitOfWork(database, (tx) => ({
    customers: makeCustomerRepository(tx),
    addresses: makeAddressRepository(tx),
    orders: makeOrderRecordRepository(tx),
    outbox: { add: (...events) => outbox.in(tx).add(...events.map(toOutgoingEvent)) },
  }));
