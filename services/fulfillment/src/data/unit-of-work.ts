import type { Outbox } from "@tandem/messaging";
import { type Database, makeUnitOfWork, type Transaction } from "@tandem/postgres";
import { withTraceparent } from "@tandem/runtime";
import type { FulfillmentUnitOfWork, OutboxPort } from "../biz/ports.ts";
import { toOutgoingEvent } from "../events/to-outgoing-event.ts";
import type { FulfillmentEvent } from "../model/fulfillment-events.ts";
import { makeFulfilledOrderRepository } from "./fulfilled-order-repository.ts";
import { makeFulfillmentRepository } from "./fulfillment-repository.ts";

/** What the crew does belongs to the trace of the order's confirmation; what a caller does, to the caller's. */
const makeOutboxPort = (tx: Transaction, outbox: Outbox, traced: boolean): OutboxPort => {
  const add = (...events: readonly FulfillmentEvent[]) => outbox.in(tx).add(...events.map(toOutgoingEvent));
  if (!traced) return { add };
  return {
    async add(...events) {
      for (const event of events) await withTraceparent(event.fulfillment.traceparent ?? undefined, () => add(event));
    },
  };
};

export interface UnitOfWorkOptions {
  /** Called after a commit that left work for a crew. */
  readonly onOpened?: () => void;
  /** Events go on in the trace that their fulfillment came from. Default false: in the current one. */
  readonly traced?: boolean;
}

export const makeFulfillmentUnitOfWork = (
  database: Database,
  outbox: Outbox,
  { onOpened = () => {}, traced = false }: UnitOfWorkOptions = {},
): FulfillmentUnitOfWork =>
  makeUnitOfWork(database, (tx) => ({
    fulfillments: makeFulfillmentRepository(tx, onOpened),
    orders: makeFulfilledOrderRepository(tx),
    outbox: makeOutboxPort(tx, outbox, traced),
  }));
