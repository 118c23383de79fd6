import type { CancelReason } from "./order.ts";

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
  | { readonly type: "refund_failed"; readonly code: string }
  | { readonly type: "cod_confirmed" }
  | { readonly type: "shipment_dispatched"; readonly sellerId: string }
  | { readonly type: "shipment_delivered"; readonly sellerId: string }
  | { readonly type: "shipment_failed"; readonly cause: string }
  | { readonly type: "cancel_requested"; readonly reason: CancelReason; readonly note: string };

/** What a checkout asks for: each is one change of the order with the event that announces it. */
export type CheckoutEffect =
  | { readonly type: "request_payment" }
  | { readonly type: "confirm_order"; readonly paymentId: string }
  | { readonly type: "ship_order" }
  | { readonly type: "deliver_order" }
  | { readonly type: "mark_paid" }
  | { readonly type: "complete_order" }
  | { readonly type: "cancel_order"; readonly reason: CancelReason; readonly note: string }
  /** Says again that the order is cancelled, to whoever has not answered. */
  | { readonly type: "repeat_cancellation" };
