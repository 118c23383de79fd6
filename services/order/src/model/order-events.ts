import type { Order } from "./order.ts";
import type { Shortfall } from "./shorten-order.ts";

/**
 * Why an `order.updated` was published. STOCK_RESERVED asks payment to authorize, SHIPPED to capture, DELIVERED to collect
 * cash, CANCEL_REQUESTED fulfillment to hold back, SHORTENED payment to take less, RETURN_REQUESTED shipping for a label, RETURNED payment to pay
 * back: commands travel as facts about the order.
 */
export type OrderChange =
  | "DETAILS"
  | "STOCK_RESERVED"
  | "SHIPPED"
  | "DELIVERED"
  | "CANCEL_REQUESTED"
  | "SHORTENED"
  | "RETURN_REQUESTED"
  | "RETURNED"
  | "REFUNDED"
  | "ERASED";

/** What happened, in the order's own words; `events/` puts it into proto. Each carries the whole order. */
export type OrderEvent =
  | { readonly type: "order.created"; readonly order: Order; readonly at: Date }
  | {
      readonly type: "order.updated";
      readonly order: Order;
      readonly change: OrderChange;
      readonly at: Date;
      /** Which return, for the changes that are about one. */
      readonly returnId?: string | undefined;
      /** By what, for SHORTENED. */
      readonly shortened?: readonly Shortfall[] | undefined;
    }
  | { readonly type: "order.confirmed"; readonly order: Order; readonly at: Date }
  | { readonly type: "order.paid"; readonly order: Order; readonly at: Date }
  | {
      readonly type: "order.cancelled";
      readonly order: Order;
      readonly at: Date;
      /** Pieces of it that cannot be sold again. */
      readonly missing: readonly Shortfall[];
    }
  | { readonly type: "order.completed"; readonly order: Order; readonly at: Date };

export const orderCreated = (order: Order, at: Date): OrderEvent => ({ type: "order.created", order, at });
export const orderUpdated = (
  order: Order,
  change: OrderChange,
  at: Date,
  about: { readonly returnId?: string; readonly shortened?: readonly Shortfall[] } = {},
): OrderEvent => ({ type: "order.updated", order, change, at, ...about });
export const orderConfirmed = (order: Order, at: Date): OrderEvent => ({ type: "order.confirmed", order, at });
export const orderPaid = (order: Order, at: Date): OrderEvent => ({ type: "order.paid", order, at });
export const orderCancelled = (order: Order, at: Date, missing: readonly Shortfall[] = []): OrderEvent => ({
  type: "order.cancelled",
  order,
  at,
  missing,
});
export const orderCompleted = (order: Order, at: Date): OrderEvent => ({ type: "order.completed", order, at });
