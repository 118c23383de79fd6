import type { CancelReason } from "./order.ts";
import type { Shortfall } from "./shorten-order.ts";

/** What moves a checkout: answers of the other contexts, and what people ask for. */
export type CheckoutEvent =
  | { readonly type: "stock_reserved"; readonly expiresAtMs: number }
  | { readonly type: "stock_rejected" }
  | { readonly type: "stock_released"; readonly cause: "ORDER_CANCELLED" | "EXPIRED" | "REQUESTED" }
  | { readonly type: "payment_authorized"; readonly paymentId: string }
  | { readonly type: "payment_failed"; readonly code: string }
  | { readonly type: "payment_captured" }
  | { readonly type: "capture_failed"; readonly code: string }
  /** The money is where it was before the order: voided, refunded, or never taken. */
  | { readonly type: "payment_refunded" }
  /** A part of it is: of a return, or of pieces that were never sent. Moves no checkout; stands in the order's story. */
  | { readonly type: "part_refunded" }
  | { readonly type: "refund_failed"; readonly code: string }
  | { readonly type: "cod_confirmed" }
  | { readonly type: "shipment_dispatched"; readonly sellerId: string }
  | { readonly type: "shipment_delivered"; readonly sellerId: string; readonly parcel?: Parcel }
  | { readonly type: "shipment_failed"; readonly cause: string; readonly parcel?: Parcel }
  /** Closed with fewer pieces than ordered: `parcel` says which are never sent. */
  | { readonly type: "fulfillment_short"; readonly parcel: Parcel }
  /** Held back, because it was asked for or because its seller cannot send it. */
  | { readonly type: "fulfillment_cancelled"; readonly parcel: Parcel; readonly note: string }
  /** It had left: it cannot be held back. */
  | { readonly type: "cancellation_refused"; readonly parcel: Parcel }
  /** Where a parcel is in the house: for the order's story. */
  | { readonly type: "fulfillment_opened" | "fulfillment_picking" | "fulfillment_packed" | "fulfillment_handed_over" }
  /** Fulfillment has been silent: it is asked again. */
  | { readonly type: "cancellation_overdue" }
  | { readonly type: "cancel_requested"; readonly reason: CancelReason; readonly note: string };

/** They move no checkout, whatever its state: they stand in the order's story. */
export const NOTES = [
  "fulfillment_opened",
  "fulfillment_picking",
  "fulfillment_packed",
  "fulfillment_handed_over",
  "part_refunded",
] as const satisfies readonly CheckoutEvent["type"][];

export const isNote = ({ type }: CheckoutEvent): boolean => (NOTES as readonly string[]).includes(type);

/** What one fulfillment sends, or does not. */
export interface Parcel {
  readonly fulfillmentId: string;
  readonly lines: readonly {
    readonly productId: string;
    readonly quantity: number;
    /** Of those that are not sent: nobody found them, so that they cannot be sold again. */
    readonly missing?: number;
  }[];
}

/** What a checkout asks for: each is one change of the order with the event that announces it. */
export type CheckoutEffect =
  | { readonly type: "request_payment" }
  | { readonly type: "confirm_order"; readonly paymentId: string }
  | { readonly type: "ship_order" }
  | { readonly type: "deliver_order" }
  | { readonly type: "ask_cancellation" }
  | { readonly type: "refuse_cancellation" }
  | { readonly type: "shorten_order"; readonly shortfalls: readonly Shortfall[] }
  | { readonly type: "mark_paid" }
  | { readonly type: "complete_order" }
  | {
      readonly type: "cancel_order";
      readonly reason: CancelReason;
      readonly note: string;
      readonly missing: readonly Shortfall[];
    }
  /** Says again that the order is cancelled, to whoever has not answered. */
  | { readonly type: "repeat_cancellation"; readonly missing: readonly Shortfall[] };
