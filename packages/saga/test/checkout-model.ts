import { defineSaga, type SagaTypes } from "@tandem/saga";

export type Effect =
  | { readonly kind: "reserve" | "release" | "authorize" | "void" | "capture" | "refund" | "ship" }
  | { readonly kind: "order"; readonly status: "CONFIRMED" | "CANCELLED" | "COMPLETED" };

export interface Checkout extends SagaTypes {
  readonly data: {
    readonly orderId: string;
    readonly total: bigint;
    readonly reservationId?: string;
    readonly paid: boolean;
    readonly delivered: boolean;
  };
  readonly event:
    | { readonly type: "stock_reserved"; readonly reservationId: string }
    | { readonly type: "stock_rejected" }
    | { readonly type: "stock_released" }
    | { readonly type: "payment_authorized" }
    | { readonly type: "payment_failed"; readonly transient: boolean }
    | { readonly type: "payment_voided" }
    | { readonly type: "payment_captured" }
    | { readonly type: "delivered" }
    | { readonly type: "cancel_requested" };
  readonly effect: Effect;
  readonly state: "reserving_stock" | "authorizing_payment" | "delivering" | "completed" | "cancelled";
  readonly step: "reserve_stock" | "authorize_payment";
}

export const checkout = defineSaga<Checkout>({
  name: "order.checkout",
  version: 1,
  initial: "reserving_stock",
  states: {
    reserving_stock: {
      step: "reserve_stock",
      timeoutMs: 30_000,
      enter: () => [{ kind: "reserve" }],
      on: {
        stock_reserved: (_, { reservationId }) => ({ to: "authorizing_payment", data: { reservationId } }),
        stock_rejected: () => ({ compensate: "stock_rejected", undone: ["reserve_stock"] }),
      },
    },
    authorizing_payment: {
      step: "authorize_payment",
      timeoutMs: 60_000,
      retry: { maxAttempts: 3, delayMs: 1_000 },
      enter: () => [{ kind: "authorize" }],
      on: {
        payment_authorized: () => ({ to: "delivering", effects: [{ kind: "order", status: "CONFIRMED" }] }),
        payment_failed: (_, { transient }) =>
          transient
            ? { retry: "payment_unavailable" }
            : { compensate: "payment_declined", undone: ["authorize_payment"] },
      },
    },
    delivering: {
      timeoutMs: 600_000,
      enter: () => [{ kind: "ship" }, { kind: "capture" }],
      on: {
        payment_captured: ({ delivered }) =>
          delivered ? { to: "completed", data: { paid: true } } : { stay: true, data: { paid: true } },
        delivered: ({ paid }) =>
          paid ? { to: "completed", data: { delivered: true } } : { stay: true, data: { delivered: true } },
        // Goods are on their way: no turning round by itself any more.
        cancel_requested: () => undefined,
      },
      onTimeout: () => ({ park: "delivery_overdue" }),
    },
    completed: { end: "completed", enter: () => [{ kind: "order", status: "COMPLETED" }] },
    cancelled: { end: "compensated" },
  },
  on: { cancel_requested: () => ({ compensate: "cancel_requested" }) },
  compensations: {
    reserve_stock: {
      enter: () => [{ kind: "release" }],
      on: { stock_released: () => ({ done: true }) },
      timeoutMs: 10_000,
      retry: { maxAttempts: 3, delayMs: 1_000 },
    },
    authorize_payment: {
      enter: () => [{ kind: "void" }],
      on: { payment_voided: () => ({ done: true }) },
      timeoutMs: 10_000,
      retry: { maxAttempts: 3, delayMs: 1_000 },
    },
  },
  onCompensate: () => [{ kind: "order", status: "CANCELLED" }],
});

export const checkoutData = (orderId: string): Checkout["data"] => ({
  orderId,
  total: 12_345n,
  paid: false,
  delivered: false,
});
