import { OrderCancelledSchema, OrderChange, OrderConfirmedSchema, OrderUpdatedSchema } from "@tandem/contracts/order";
import { type Consumer, defineConsumer } from "@tandem/messaging";
import { currentTraceparent } from "@tandem/runtime";
import type { makeCloseOrder, makeOpenFulfillments, makeRequestCancellation } from "../../biz/follow-order.ts";
import { orderToSend } from "../../events/from-proto.ts";

const CONFIRMED = "fulfillment.on-order-confirmed";

/** Opens a fulfillment per seller. Is the first. Again: nothing. Too late, after the cancellation (asked for or done): nothing. */
export const onOrderConfirmed = (deps: {
  readonly openFulfillments: ReturnType<typeof makeOpenFulfillments>;
}): Consumer =>
  defineConsumer({
    name: CONFIRMED,
    event: OrderConfirmedSchema,
    handle: async ({ orderId, order }, { id, carryInbox, signal }) => {
      const inHand = { id, consumer: CONFIRMED, carry: carryInbox };
      await deps.openFulfillments(orderToSend(orderId, order, currentTraceparent() ?? null), inHand, signal);
    },
  });

/**
 * CANCEL_REQUESTED: holds back what the carrier does not have, and answers for each fulfillment. Asked again: answered again. Too early, before
 * the confirmation: opened as cancelled, from the order in the event. Other changes: none of our business.
 */
export const onOrderUpdated = (deps: {
  readonly requestCancellation: ReturnType<typeof makeRequestCancellation>;
}): Consumer =>
  defineConsumer({
    name: "fulfillment.on-order-updated",
    event: OrderUpdatedSchema,
    handle: async ({ orderId, order, change }, { ignore, signal }) => {
      if (change !== OrderChange.CANCEL_REQUESTED) return ignore();
      await deps.requestCancellation(orderToSend(orderId, order, currentTraceparent() ?? null), signal);
    },
  });

/** Holds back what the carrier does not have. Again: nothing. Too early, or never confirmed: a tombstone, nothing is opened later. */
export const onOrderCancelled = (deps: { readonly closeOrder: ReturnType<typeof makeCloseOrder> }): Consumer =>
  defineConsumer({
    name: "fulfillment.on-order-cancelled",
    event: OrderCancelledSchema,
    handle: ({ orderId }, { signal }) => deps.closeOrder(orderId, signal),
  });
