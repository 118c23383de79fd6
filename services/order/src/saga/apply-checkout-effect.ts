import type { CheckoutEffect } from "../model/checkout-events.ts";
import {
  askCancellation,
  cancelOrder,
  completeOrder,
  confirmOrder,
  deliverOrder,
  markPaid,
  markReserved,
  type Order,
  refuseCancellation,
  shipOrder,
  touchOrder,
} from "../model/order.ts";
import {
  type OrderEvent,
  orderCancelled,
  orderCompleted,
  orderConfirmed,
  orderPaid,
  orderUpdated,
} from "../model/order-events.ts";
import { shortenOrder } from "../model/shorten-order.ts";

/** The order after one effect, and what is published about it. Pure. */
export const applyCheckoutEffect = (
  order: Order,
  effect: CheckoutEffect,
  now: Date,
): { readonly order: Order; readonly events: readonly OrderEvent[] } => {
  const one = (after: Order, event: OrderEvent) => ({ order: after, events: after === order ? [] : [event] });
  switch (effect.type) {
    case "request_payment": {
      const after = markReserved(order, now);
      return one(after, orderUpdated(after, "STOCK_RESERVED", now));
    }
    case "confirm_order": {
      const after = confirmOrder(order, effect.paymentId, now);
      return one(after, orderConfirmed(after, now));
    }
    case "ship_order": {
      const after = shipOrder(order, now);
      return one(after, orderUpdated(after, "SHIPPED", now));
    }
    case "deliver_order": {
      const after = deliverOrder(order, now);
      return one(after, orderUpdated(after, "DELIVERED", now));
    }
    case "ask_cancellation": {
      const after = askCancellation(order, now);
      return one(after, orderUpdated(after, "CANCEL_REQUESTED", now));
    }
    case "refuse_cancellation":
      // Fulfillment has said so itself; order's timeline shows it.
      return { order: refuseCancellation(order, now), events: [] };
    case "shorten_order": {
      const { order: after, taken } = shortenOrder(order, effect.shortfalls, now);
      return one(after, orderUpdated(after, "SHORTENED", now, { shortened: taken }));
    }
    case "mark_paid": {
      const after = markPaid(order, now);
      return one(after, orderPaid(after, now));
    }
    case "complete_order": {
      const after = completeOrder(order, now);
      return one(after, orderCompleted(after, now));
    }
    case "cancel_order": {
      const after = cancelOrder(order, effect.reason, effect.note, now);
      return one(after, orderCancelled(after, now, effect.missing));
    }
    case "repeat_cancellation": {
      const after = touchOrder(order, now);
      return one(after, orderCancelled(after, now, effect.missing));
    }
  }
};
