import type { Order } from "./order.ts";

/**
 * Why an `order.updated` was published. STOCK_RESERVED asks payment to authorize, SHIPPED to capture, DELIVERED to collect
 * cash: the saga's commands travel as facts about the order.
 */
export type OrderChange = "DETAILS" | "STOCK_RESERVED" | "SHIPPED" | "DELIVERED";

/** What happened, in the order's own words; `events/` puts it into proto. Each carries the whole order. */
export type OrderEvent =
  | { readonly type: "order.created"; readonly order: Order; readonly at: Date }
  | { readonly type: "order.updated"; readonly order: Order; readonly change: OrderChange; readonly at: Date }
  | { readonly type: "order.confirmed"; readonly order: Order; readonly at: Date }
  | { readonly type: "order.paid"; readonly order: Order; readonly at: Date }
  | { readonly type: "order.cancelled"; readonly order: Order; readonly at: Date }
  | { readonly type: "order.completed"; readonly order: Order; readonly at: Date };

export const orderCreated = (order: Order, at: Date): OrderEvent => ({ type: "order.created", order, at });
export const orderUpdated = (order: Order, change: OrderChange, at: Date): OrderEvent => ({
  type: "order.updated",
  order,
  change,
  at,
});
export const orderConfirmed = (order: Order, at: Date): OrderEvent => ({ type: "order.confirmed", order, at });
export const orderPaid = (order: Order, at: Date): OrderEvent => ({ type: "order.paid", order, at });
export const orderCancelled = (order: Order, at: Date): OrderEvent => ({ type: "order.cancelled", order, at });
export const orderCompleted = (order: Order, at: Date): OrderEvent => ({ type: "order.completed", order, at });
