import type { Clock } from "@tandem/kernel";
import {
  type Address,
  cancelFulfillment,
  type Fulfillment,
  type FulfillmentLine,
  mayCancel,
  openFulfillment,
  touchFulfillment,
} from "../model/fulfillment.ts";
import { cancellationRefused, type FulfillmentEvent, statusChanged } from "../model/fulfillment-events.ts";
import type { EventInHand, FulfillmentUnitOfWork, OpeningStore, Repositories } from "./ports.ts";

export interface FollowOrderDeps {
  readonly uow: FulfillmentUnitOfWork;
  readonly clock: Clock;
  readonly newId: () => string;
}

/** A confirmed order, as far as somebody has to send it. */
export interface OrderToSend {
  readonly orderId: string;
  readonly customerId: string;
  readonly shippingAddress: Address;
  readonly lines: readonly (Pick<FulfillmentLine, "productId" | "sku" | "name" | "quantity"> & {
    readonly sellerId: string;
  })[];
  readonly traceparent: string | null;
}

/** All pieces of a seller lie in one place until there are more warehouses than one. */
const WAREHOUSE = "MAIN";

const openEach = (order: OrderToSend, newId: () => string, now: Date): Fulfillment[] =>
  [...new Set(order.lines.map(({ sellerId }) => sellerId))].map((sellerId) =>
    openFulfillment(
      {
        id: newId(),
        orderId: order.orderId,
        sellerId,
        customerId: order.customerId,
        warehouseCode: WAREHOUSE,
        part: 1,
        lines: order.lines
          .filter((line) => line.sellerId === sellerId)
          .map(({ productId, sku, name, quantity }) => ({ productId, sku, name, quantity, picked: 0, short: 0 })),
        shippingAddress: order.shippingAddress,
        traceparent: order.traceparent,
      },
      now,
    ),
  );

/** Opens a fulfillment per seller. Again: nothing more. Of an order that is cancelled already: nothing. */
export const makeOpenFulfillments =
  ({ uow, openings, clock, newId }: FollowOrderDeps & { readonly openings: OpeningStore }) =>
  async (order: OrderToSend, event: EventInHand, signal?: AbortSignal): Promise<void> => {
    const { orderId } = order;
    const now = clock.now();
    const opened = openEach(order, newId, now);
    const events = opened.map((one) => statusChanged(one, undefined, now));
    const key = { consumer: event.consumer, eventId: event.id };
    if (await openings.openFirst(orderId, opened, events, key, signal)) return event.carry().written(true);
    await uow.transact(async ({ orders, fulfillments, outbox }) => {
      const { cancelled } = await orders.lock(orderId);
      if (cancelled || (await fulfillments.lockByOrderId(orderId)).length > 0) return;
      await fulfillments.create(opened);
      await outbox.add(...events);
    }, signal);
  };

/** Holds back what can be held back, under the rows' locks, and answers for each of them. */
const holdBack = async (repositories: Repositories, known: readonly Fulfillment[], reason: string, now: Date) => {
  const events: FulfillmentEvent[] = [];
  for (const before of known) {
    if (mayCancel(before)) {
      const after = cancelFulfillment(before, reason, now);
      await repositories.fulfillments.update(after);
      events.push(statusChanged(after, before.status, now));
      continue;
    }
    const after = touchFulfillment(before, now);
    await repositories.fulfillments.update(after);
    events.push(
      before.status === "CANCELLED" ? statusChanged(after, "CANCELLED", now) : cancellationRefused(after, now),
    );
  }
  await repositories.outbox.add(...events);
};

/**
 * Somebody wants a confirmed order back: decides for each of its fulfillments and answers, also when it was answered before, because whoever
 * asks again has not heard it. Too early, before the confirmation: they are opened as cancelled, from the order that the question carries.
 */
export const makeRequestCancellation =
  ({ uow, clock, newId }: FollowOrderDeps) =>
  (order: OrderToSend, signal?: AbortSignal): Promise<void> =>
    uow.transact(async (repositories) => {
      await repositories.orders.lock(order.orderId);
      const now = clock.now();
      let known = await repositories.fulfillments.lockByOrderId(order.orderId);
      if (known.length === 0) {
        known = openEach(order, newId, now);
        await repositories.fulfillments.create(known);
      }
      await holdBack(repositories, known, "the order is to be cancelled", now);
    }, signal);

/** The order is cancelled, whatever the reason: holds back what can be. Too early, or of an order never confirmed: nothing is opened later. */
export const makeCloseOrder =
  ({ uow, clock }: Omit<FollowOrderDeps, "newId">) =>
  (orderId: string, signal?: AbortSignal): Promise<void> =>
    uow.transact(async (repositories) => {
      const { cancelled } = await repositories.orders.lock(orderId);
      if (cancelled) return;
      const now = clock.now();
      await repositories.orders.markCancelled(orderId, now);
      const known = await repositories.fulfillments.lockByOrderId(orderId);
      await holdBack(
        repositories,
        known.filter(({ status }) => status !== "CANCELLED"),
        "the order was cancelled",
        now,
      );
    }, signal);
