import { type Decision, defineSaga, type SagaTypes } from "@tandem/saga";
import { type CheckoutEffect, type CheckoutEvent, NOTES, type Parcel } from "../model/checkout-events.ts";
import type { CancelReason } from "../model/order.ts";
import type { Shortfall } from "../model/shorten-order.ts";
import { isAllAnswered, isAllThere, isNothingLeft, note, type Pieced, shortfallsOf } from "./parcels.ts";

export interface CheckoutData extends Pieced {
  readonly paymentKind: "CARD" | "COD";
  readonly captured: boolean;
  readonly paymentId?: string;
  readonly sellers: readonly string[];
  /** Sellers all of whose pieces arrived, as told by carriers that do not say which pieces. */
  readonly delivered: readonly string[];
  /** A confirmed order is wanted back, and fulfillment has not answered for every piece. */
  readonly asked?: { readonly reason: CancelReason; readonly note: string } | undefined;
  /** Held back because it was asked for: taken out of the order when the rest is refused. */
  readonly held?: readonly Shortfall[];
  /** Set before the saga turns round; read by the effect that cancels the order. */
  readonly cancel?: {
    readonly reason: CancelReason;
    readonly note: string;
    /** Of what is left in the order, pieces that cannot be sold again. */
    readonly missing?: readonly Shortfall[];
  };
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

type Event<K extends CheckoutEvent["type"]> = Extract<CheckoutEvent, { readonly type: K }>;

const HOUR_MS = 3_600_000;
const cancelBecause = (reason: CancelReason, note = "") => ({ data: { cancel: { reason, note } } });

const shorten = (shortfalls: readonly Shortfall[]): CheckoutEffect[] =>
  shortfalls.length > 0 ? [{ type: "shorten_order", shortfalls }] : [];

/**
 * What follows once a fulfillment has spoken. Nothing left to send: the order turns round. Asked to be cancelled and answered for every piece,
 * yet some go on: so does the order, without those that were held back. Everything left has arrived: delivered.
 */
const settle = (
  data: CheckoutData,
  shortfalls: readonly Shortfall[],
  otherwise: { readonly reason: CancelReason; readonly note: string },
  onWay: boolean,
): Decision<Checkout> => {
  const effects = shorten(shortfalls);
  if (isNothingLeft(data)) {
    const missing = [...(data.held ?? []), ...shortfalls].filter(({ backOnShelf }) => !backOnShelf);
    const cancel = { ...(data.asked ?? otherwise), missing };
    return { data: { ...data, cancel }, compensate: data.asked ? "cancel_requested" : "nothing_to_send" };
  }
  const answered = data.asked !== undefined && isAllAnswered(data);
  const after: CheckoutData = answered ? { ...data, asked: undefined, held: [] } : data;
  const followed = answered
    ? [...effects, { type: "refuse_cancellation" } as const, ...shorten(data.held ?? [])]
    : effects;
  if (!onWay || !isAllThere(after)) return { data: after, effects: followed, stay: true };
  return {
    data: after,
    effects: [...followed, { type: "deliver_order" }],
    to: after.captured ? "completed" : "awaiting_capture",
  };
};

/** What fulfillment and the carrier say about pieces of a confirmed order, before and after the first parcel has left. */
const aboutPieces = (onWay: boolean) => {
  const drop = (data: CheckoutData, parcel: Parcel, there: boolean) => ({
    shortfalls: shortfallsOf(data.unsent, parcel, there),
    after: { ...data, unsent: note(data.unsent, parcel) },
  });
  const nothing = { reason: "OUT_OF_STOCK", note: "nothing of it is there" } as const;
  return {
    fulfillment_short: (data: CheckoutData, { parcel }: Event<"fulfillment_short">) => {
      const { shortfalls, after } = drop(data, parcel, false);
      return settle(after, shortfalls, nothing, onWay);
    },
    fulfillment_cancelled: (data: CheckoutData, { parcel, note: why }: Event<"fulfillment_cancelled">) => {
      const { shortfalls, after } = drop(data, parcel, true);
      const missing = shortfalls.every(({ backOnShelf }) => !backOnShelf);
      const otherwise = missing ? nothing : ({ reason: "STAFF_REQUEST", note: why } as const);
      if (!data.asked) return settle(after, shortfalls, otherwise, onWay);
      return settle({ ...after, held: [...(data.held ?? []), ...shortfalls] }, [], otherwise, onWay);
    },
    cancellation_refused: (data: CheckoutData, { parcel }: Event<"cancellation_refused">) =>
      data.asked ? settle({ ...data, refused: note(data.refused, parcel) }, [], nothing, onWay) : undefined,
    cancellation_overdue: ({ asked }: CheckoutData): Decision<Checkout> | undefined =>
      asked && { effects: [{ type: "ask_cancellation" }], stay: true },
    shipment_failed: (data: CheckoutData, { cause, parcel }: Event<"shipment_failed">): Decision<Checkout> => {
      // A carrier that does not say which pieces.
      if (!parcel || !data.expected) {
        return onWay
          ? { park: `delivery failed: ${cause}` }
          : { ...cancelBecause("DELIVERY_FAILED", cause), compensate: "shipment_failed" };
      }
      const { shortfalls, after } = drop(data, parcel, false);
      return settle(after, shortfalls, { reason: "DELIVERY_FAILED", note: cause }, onWay);
    },
  };
};

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
          ...aboutPieces(false),
          // The reservation ran out between the payment and the confirmation, and somebody else has the pieces.
          stock_rejected: () => ({
            ...cancelBecause("OUT_OF_STOCK"),
            compensate: "out_of_stock",
            undone: ["reserve_stock"],
          }),
          // Expired, yet confirmed in the same moment: warehouse honours the confirmation or rejects it, as above.
          stock_released: (_, { cause }) => onTakenBack(_, { cause }) ?? { stay: true },
          // Somebody may be packing it: fulfillment says, under its lock, whether it can still be held back.
          cancel_requested: ({ asked, expected }, { reason, note: why }) => {
            if (!expected) return onCancel(undefined, { type: "cancel_requested", reason, note: why });
            if (asked) return undefined;
            return { data: { asked: { reason, note: why } }, effects: [{ type: "ask_cancellation" }], stay: true };
          },
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
          ...aboutPieces(true),
          shipment_delivered: (data, { sellerId, parcel }) => {
            if (parcel && data.expected) {
              const arrived = note(data.arrived, parcel);
              return settle({ ...data, arrived }, [], { reason: "DELIVERY_FAILED", note: "" }, true);
            }
            const { captured, sellers, delivered: before } = data;
            const delivered = before.includes(sellerId) ? before : [...before, sellerId];
            if (!sellers.every((seller) => delivered.includes(seller))) return { data: { delivered }, stay: true };
            return {
              data: { delivered },
              effects: [{ type: "deliver_order" }],
              to: captured ? "completed" : "awaiting_capture",
            };
          },
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
    notes: NOTES,
    onCompensate: ({ cancel }, { reason }) => [
      {
        type: "cancel_order",
        reason: cancel?.reason ?? "STAFF_REQUEST",
        note: cancel?.note || (reason ?? ""),
        missing: cancel?.missing ?? [],
      },
    ],
    compensations: {
      authorize_payment: {
        enter: ({ cancel }, { attempt }) =>
          attempt > 1 ? [{ type: "repeat_cancellation", missing: cancel?.missing ?? [] }] : [],
        on: {
          payment_refunded: () => ({ done: true }),
          refund_failed: (_, { code }) => ({ retry: code }),
          // A decline that arrives while we cancel: nothing was taken.
          payment_failed: () => ({ done: true }),
        },
        retry: { maxAttempts: 8, delayMs: 2_000 },
      },
      reserve_stock: {
        enter: ({ cancel }, { attempt }) =>
          attempt > 1 ? [{ type: "repeat_cancellation", missing: cancel?.missing ?? [] }] : [],
        on: {
          stock_released: () => ({ done: true }),
          stock_rejected: () => ({ done: true }),
        },
        retry: { maxAttempts: 8, delayMs: 2_000 },
      },
    },
  });
};
