import type { Outbox } from "@tandem/messaging";
import { type Database, makeUnitOfWork } from "@tandem/postgres";
import { withTraceparent } from "@tandem/runtime";
import type { FulfillmentUnitOfWork, OutboxPort } from "../biz/ports.ts";
import { makeFulfilledOrderRepository } from "./fulfilled-order-repository.ts";
import { makeFulfillmentRepository } from "./fulfillment-repository.ts";
import { collectWrites, type PendingWrites } from "./pending-writes.ts";

/** What the crew does belongs to the trace of the order's confirmation; what a caller does, to the caller's. */
const makeOutboxPort = (pending: PendingWrites, traced: boolean): OutboxPort => ({
  async add(...events) {
    if (!traced) return pending.announce(...events);
    for (const event of events)
      withTraceparent(event.fulfillment.traceparent ?? undefined, () => pending.announce(event));
  },
});

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
  makeUnitOfWork(database, (tx) => {
    const pending = collectWrites(tx, outbox);
    return {
      fulfillments: makeFulfillmentRepository(tx, pending, onOpened),
      orders: makeFulfilledOrderRepository(tx),
      outbox: makeOutboxPort(pending, traced),
    };
  });
