import type { Tracer } from "@opentelemetry/api";
import type { Clock } from "@tandem/kernel";
import type { Outbox } from "@tandem/messaging";
import { type Database, makeUnitOfWork, type Transaction } from "@tandem/postgres";
import type { Logger, Metrics } from "@tandem/runtime";
import { createSagaEngine, type SagaEngine } from "@tandem/saga";
import type { OrderUnitOfWork } from "../biz/ports.ts";
import { orderNotFound } from "../model/errors.ts";
import { sellersOf } from "../model/order.ts";
import type { OrderEvent } from "../model/order-events.ts";
import { applyCheckoutEffect } from "../saga/apply-checkout-effect.ts";
import { type Checkout, type CheckoutTimeouts, makeCheckoutSaga } from "../saga/checkout-saga.ts";
import { makeCartClaimRepository } from "./cart-claims.ts";
import { makeOrderRepository, ORDER_OF_SAGA } from "./order-repository.ts";
import { fromColumns } from "./order-row.ts";
import { makeOutboxPort } from "./outbox-port.ts";
import { pendingWrites } from "./pending-writes.ts";
import { erasedCustomerTable } from "./schema.ts";

export interface CheckoutStoreOptions {
  readonly database: Database;
  readonly outbox: Outbox;
  readonly clock: Clock;
  readonly log?: Logger;
  readonly metrics?: Metrics;
  readonly tracer?: Tracer;
  readonly timeouts?: CheckoutTimeouts;
}

/** The checkout saga and the unit of work in which it takes part. Locks are taken in one order: saga, then order. */
export const openCheckout = ({ database, outbox, clock, log, metrics, tracer, timeouts }: CheckoutStoreOptions) => {
  const engine: SagaEngine<Checkout> = createSagaEngine<Checkout>({
    saga: makeCheckoutSaga(timeouts),
    database,
    clock,
    ...(log ? { log } : {}),
    ...(metrics ? { metrics } : {}),
    ...(tracer ? { tracer } : {}),
    subject: ORDER_OF_SAGA,
    // All effects of one transition are one write of the order and one of the outbox, and both travel with the commit.
    apply: async (tx: Transaction, effects, { saga, subject }) => {
      const orders = makeOrderRepository(tx);
      const now = clock.now();
      const before = pendingWrites(tx).find(saga.id) ?? (subject && fromColumns(subject));
      if (!before) throw orderNotFound(saga.id);
      let order = before;
      const events: OrderEvent[] = [];
      for (const effect of effects) {
        const next = applyCheckoutEffect(order, effect, now);
        order = next.order;
        events.push(...next.events);
      }
      if (order === before) return;
      await orders.update(order);
      if (order.lines !== before.lines) await orders.updateLines(order);
      await makeOutboxPort(tx, outbox).add(...events);
    },
  });
  const uow: OrderUnitOfWork = makeUnitOfWork(database, (tx) => ({
    orders: makeOrderRepository(tx),
    outbox: makeOutboxPort(tx, outbox),
    cartClaims: makeCartClaimRepository(tx),
    erasedCustomers: {
      async add(customerId, at) {
        await tx.insert(erasedCustomerTable).values({ customerId, at }).onConflictDoNothing();
      },
    },
    checkout: {
      start: async (order) => {
        await engine.start(tx, order.id, {
          paymentKind: order.paymentMethod.kind,
          captured: false,
          sellers: sellersOf(order),
          delivered: [],
          expected: order.lines.map(({ productId, quantity }) => ({ productId, quantity })),
        });
      },
      handle: async (orderId, event, meta) => {
        const { outcome } = await engine.lockAndHandle(tx, orderId, event, meta);
        return { outcome };
      },
    },
  }));
  return { engine, uow };
};
