import { defineSaga, type SagaTypes } from "@tandem/saga";
import type { CheckoutEffect, CheckoutEvent } from "../model/checkout-events.ts";
import type { CancelReason } from "../model/order.ts";

export interface CheckoutData {
  readonly paymentKind: "CARD" | "COD";
  readonly captured: boolean;
  readonly paymentId?: string;
  /** Each seller sends a parcel of its own. */
  readonly sellers: readonly string[];
  readonly delivered: readonly string[];
  /** Set before the saga turns round; read by the effect that cancels the order. */
  readonly cancel?: { readonly reason: CancelReason; readonly note: string };
}

export interface Checkout extends SagaTypes {
  data: CheckoutData;
  event: CheckoutEvent;
  effect: CheckoutEffect;
  state:
    | "reserving_stock"
    | "authorizing_payment"
    | "awaiting_cod_confirmation"
    | "awaiting_dispatch"
    | "awaiting_delivery"
    | "awaiting_capture"
    | "completed"
    | "cancelled";
  step: "reserve_stock" | "authorize_payment";
}

export interface CheckoutTimeouts {
  /** Warehouse's answer. Default 90 000: longer than the broker takes to give a dead worker's message to another. */
  readonly reserveMs?: number;
  /** The provider's answer by way of payment. Default 120 000. */
  readonly authorizeMs?: number;
  /** Cash on delivery: until the job or a person confirms. Default 24 h. */
  readonly codConfirmationMs?: number;
  /** From confirmed to on its way. Default 7 days; then a person looks. */
  readonly dispatchMs?: number;
  /** From on its way to delivered. Default 30 days; then a person looks. */
  readonly deliveryMs?: number;
  /** Delivered and not yet paid. Default 2 days; then a person looks. */
  readonly captureMs?: number;
}

const HOUR_MS = 3_600_000;
const cancelBecause = (reason: CancelReason, note = "") => ({ data: { cancel: { reason, note } } });

/**
 * The main job. Forward: stock, payment, confirmation, dispatch, delivery. The order is cancelled in the moment the saga turns
 * round, which is what tells warehouse and payment to take their steps back; each answers, also when there was nothing to take back.
 */
export const makeCheckoutSaga = (timeouts: CheckoutTimeouts = {}) => {
  const onCancel = (_: unknown, { reason, note }: Extract<CheckoutEvent, { type: "cancel_requested" }>) => ({
    ...cancelBecause(reason, note),
    compensate: "cancel_requested",
  });
  const onExpired = (_: unknown, { cause }: Extract<CheckoutEvent, { type: "stock_released" }>) =>
    cause === "EXPIRED"
      ? {
          ...cancelBecause("TIMEOUT", "the reservation ran out"),
          compensate: "reservation_expired",
          undone: ["reserve_stock" as const],
        }
      : onTakenBack(_, { cause });
  // Somebody gave the pieces back by a call: without them there is nothing to ship, whether confirmed or not.
  const onTakenBack = (_: unknown, { cause }: Pick<Extract<CheckoutEvent, { type: "stock_released" }>, "cause">) =>
    cause === "REQUESTED"
      ? {
          ...cancelBecause("OUT_OF_STOCK", "the reservation was taken back"),
          compensate: "reservation_taken_back",
          undone: ["reserve_stock" as const],
        }
      : undefined;
  const timedOut = (what: string) => () => ({ ...cancelBecause("TIMEOUT", what), compensate: `${what}_timeout` });

  return defineSaga<Checkout>({
    name: "order.checkout",
    version: 1,
    initial: "reserving_stock",
    states: {
      // `order.created`, committed with the saga's first row, asks warehouse.
      reserving_stock: {
        step: "reserve_stock",
        timeoutMs: timeouts.reserveMs ?? 90_000,
        on: {
          stock_reserved: ({ paymentKind }) => ({
            to: paymentKind === "CARD" ? "authorizing_payment" : "awaiting_cod_confirmation",
          }),
          stock_rejected: () => ({
            ...cancelBecause("OUT_OF_STOCK"),
            compensate: "out_of_stock",
            undone: ["reserve_stock"],
          }),
          stock_released: onExpired,
          cancel_requested: onCancel,
        },
        onTimeout: timedOut("reserve_stock"),
      },
      authorizing_payment: {
        step: "authorize_payment",
        timeoutMs: timeouts.authorizeMs ?? 120_000,
        enter: () => [{ type: "request_payment" }],
        on: {
          payment_authorized: (_, { paymentId }) => ({ data: { paymentId }, to: "awaiting_dispatch" }),
          payment_failed: (_, { code }) => ({
            ...cancelBecause("PAYMENT_FAILED", code),
            compensate: "payment_declined",
            undone: ["authorize_payment"],
          }),
          stock_released: onExpired,
          cancel_requested: onCancel,
        },
        onTimeout: timedOut("authorize_payment"),
      },
      awaiting_cod_confirmation: {
        step: "authorize_payment",
        timeoutMs: timeouts.codConfirmationMs ?? 24 * HOUR_MS,
        enter: () => [{ type: "request_payment" }],
        on: {
          payment_authorized: (_, { paymentId }) => ({ data: { paymentId }, stay: true }),
          cod_confirmed: () => ({ to: "awaiting_dispatch" }),
          stock_released: onExpired,
          cancel_requested: onCancel,
        },
        onTimeout: timedOut("cod_confirmation"),
      },
      awaiting_dispatch: {
        timeoutMs: timeouts.dispatchMs ?? 7 * 24 * HOUR_MS,
        enter: ({ paymentId = "" }) => [{ type: "confirm_order", paymentId }],
        on: {
          shipment_dispatched: () => ({ to: "awaiting_delivery" }),
          shipment_failed: (_, { cause }) => ({
            ...cancelBecause("DELIVERY_FAILED", cause),
            compensate: "shipment_failed",
          }),
          // The reservation ran out between the payment and the confirmation, and somebody else has the pieces.
          stock_rejected: () => ({
            ...cancelBecause("OUT_OF_STOCK"),
            compensate: "out_of_stock",
            undone: ["reserve_stock"],
          }),
          // Expired, yet confirmed in the same moment: warehouse honours the confirmation or rejects it, as above.
          stock_released: (_, { cause }) => onTakenBack(_, { cause }) ?? { stay: true },
          cancel_requested: onCancel,
        },
        onTimeout: () => ({ park: "not dispatched in time" }),
      },
      awaiting_delivery: {
        timeoutMs: timeouts.deliveryMs ?? 30 * 24 * HOUR_MS,
        enter: () => [{ type: "ship_order" }],
        on: {
          payment_captured: ({ captured }) => ({
            data: { captured: true },
            effects: captured ? [] : [{ type: "mark_paid" }],
            stay: true,
          }),
          // The job asks again; until then the parcel goes on.
          capture_failed: () => ({ stay: true }),
          shipment_dispatched: () => ({ stay: true }),
          shipment_delivered: ({ captured, sellers, delivered: before }, { sellerId }) => {
            const delivered = before.includes(sellerId) ? before : [...before, sellerId];
            if (!sellers.every((seller) => delivered.includes(seller))) return { data: { delivered }, stay: true };
            return {
              data: { delivered },
              effects: [{ type: "deliver_order" }],
              to: captured ? "completed" : "awaiting_capture",
            };
          },
          // Lost or refused on the way: money and goods need a person until returns exist.
          shipment_failed: (_, { cause }) => ({ park: `delivery failed: ${cause}` }),
        },
        onTimeout: () => ({ park: "not delivered in time" }),
      },
      awaiting_capture: {
        timeoutMs: timeouts.captureMs ?? 48 * HOUR_MS,
        on: {
          payment_captured: () => ({ data: { captured: true }, effects: [{ type: "mark_paid" }], to: "completed" }),
          capture_failed: () => ({ stay: true }),
        },
        onTimeout: () => ({ park: "delivered, not paid" }),
      },
      completed: { end: "completed", enter: () => [{ type: "complete_order" }] },
      cancelled: { end: "compensated" },
    },
    onCompensate: ({ cancel }, { reason }) => [
      { type: "cancel_order", reason: cancel?.reason ?? "STAFF_REQUEST", note: cancel?.note || (reason ?? "") },
    ],
    compensations: {
      authorize_payment: {
        enter: (_, { attempt }) => (attempt > 1 ? [{ type: "repeat_cancellation" }] : []),
        on: {
          payment_refunded: () => ({ done: true }),
          refund_failed: (_, { code }) => ({ retry: code }),
          // A decline that arrives while we cancel: nothing was taken.
          payment_failed: () => ({ done: true }),
        },
        retry: { maxAttempts: 8, delayMs: 2_000 },
      },
      reserve_stock: {
        enter: (_, { attempt }) => (attempt > 1 ? [{ type: "repeat_cancellation" }] : []),
        on: {
          stock_released: () => ({ done: true }),
          stock_rejected: () => ({ done: true }),
        },
        retry: { maxAttempts: 8, delayMs: 2_000 },
      },
    },
  });
};
