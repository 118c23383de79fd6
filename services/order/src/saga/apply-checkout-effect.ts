import type { CheckoutEffect } from "../model/checkout-events.ts";
import {
  cancelOrder,
  completeOrder,
  confirmOrder,
  deliverOrder,
  markPaid,
  markReserved,
  type Order,
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
      return one(after, orderCancelled(after, now));
    }
    case "repeat_cancellation": {
      const after = touchOrder(order, now);
      return one(after, orderCancelled(after, now));
    }
  }
};
