import { addMoney, compareMoney, defineStateMachine, type Money, subtractMoney, zeroMoney } from "@tandem/kernel";
import type { FailureCode, Operation, OperationKind, OperationOutcome } from "./operation.ts";
import type { PaymentEvent } from "./payment-events.ts";

export type PaymentStatus =
  | "PENDING"
  | "AUTHORIZED"
  | "CAPTURED"
  | "PARTIALLY_REFUNDED"
  | "REFUNDED"
  | "VOIDED"
  | "FAILED";

export type MethodKind = "CARD" | "COD";

/** The money of one order. total <= amount, captured <= amount, refunded <= captured. */
export interface Payment {
  readonly id: string;
  readonly orderId: string;
  readonly customerId: string;
  readonly method: MethodKind;
  /** What the provider knows the card by; wiped once the authorization is decided. */
  readonly cardToken: string;
  readonly status: PaymentStatus;
  /** As authorized. */
  readonly amount: Money;
  /** What the order costs now: less, when pieces are never sent. */
  readonly total: Money;
  /** Of the order, when it last said what it costs. */
  readonly orderVersion: bigint;
  readonly captured: Money;
  readonly refunded: Money;
  readonly failureCode?: FailureCode | undefined;
  readonly providerReference: string;
  /** The order is cancelled: whatever is or will be taken goes back. */
  readonly cancelled: boolean;
  readonly createdAt: Date;
  readonly updatedAt: Date;
  readonly authorizedAt?: Date | undefined;
  readonly capturedAt?: Date | undefined;
  readonly version: bigint;
}

export const paymentStates = defineStateMachine<PaymentStatus>({
  PENDING: ["AUTHORIZED", "FAILED", "VOIDED"],
  AUTHORIZED: ["CAPTURED", "VOIDED"],
  CAPTURED: ["PARTIALLY_REFUNDED", "REFUNDED"],
  PARTIALLY_REFUNDED: ["PARTIALLY_REFUNDED", "REFUNDED"],
  REFUNDED: [],
  VOIDED: [],
  FAILED: [],
});

/** A payment after a change, what it asks of the provider, and what is announced. Pure. */
export interface PaymentStep {
  readonly payment: Payment;
  readonly ask: readonly Pick<Operation, "kind" | "amount" | "reason">[];
  readonly events: readonly PaymentEvent[];
}

export const stay = (payment: Payment): PaymentStep => ({ payment, ask: [], events: [] });

const changed = (payment: Payment, change: Partial<Payment>, now: Date): Payment => {
  if (change.status && change.status !== payment.status) paymentStates.assert(payment.status, change.status);
  return { ...payment, ...change, updatedAt: now, version: payment.version + 1n };
};

export const asking = (payment: Payment, kind: OperationKind, amount: Money, reason = ""): PaymentStep => ({
  payment,
  ask: [{ kind, amount, reason }],
  events: [],
});

export interface NewPayment
  extends Pick<Payment, "id" | "orderId" | "customerId" | "method" | "cardToken" | "amount"> {}

const fresh = (input: NewPayment, now: Date): Payment => ({
  ...input,
  status: "PENDING",
  total: input.amount,
  orderVersion: 0n,
  captured: zeroMoney(input.amount.currency),
  refunded: zeroMoney(input.amount.currency),
  providerReference: "",
  cancelled: false,
  createdAt: now,
  updatedAt: now,
  version: 1n,
});

/** Card: the provider is asked. Cash: taken as good until the parcel is at the door. */
export const openPayment = (input: NewPayment, now: Date): PaymentStep => {
  const payment = fresh(input, now);
  if (input.method === "CARD") return asking(payment, "AUTHORIZE", payment.amount);
  const authorized: Payment = { ...payment, status: "AUTHORIZED", authorizedAt: now };
  return { payment: authorized, ask: [], events: [{ type: "payment.authorized", payment: authorized, at: now }] };
};

/** The order was cancelled before we heard of it: closed, so that the order's late wish for money charges nothing. */
export const openCancelled = (input: NewPayment, now: Date): PaymentStep => {
  const payment: Payment = { ...fresh({ ...input, cardToken: "" }, now), status: "VOIDED", cancelled: true };
  return { payment, ask: [], events: [nothingMoved(payment, "nothing_charged", now)] };
};

const nothingMoved = (payment: Payment, reason: string, at: Date): PaymentEvent => ({
  type: "payment.refunded",
  payment,
  refundId: payment.id,
  amount: zeroMoney(payment.amount.currency),
  reason,
  at,
});

export const voided = (before: Payment, now: Date): PaymentStep => {
  const payment = changed(before, { status: "VOIDED" }, now);
  return { payment, ask: [], events: [nothingMoved(payment, "voided", now)] };
};

/** What can still go back. */
export const refundable = ({ captured, refunded }: Payment): Money => subtractMoney(captured, refunded);

/**
 * The order is cancelled: everything taken goes back, and an answer is always given, also when it was given before, because
 * whoever asks again has not heard it. An authorization in flight is answered when it is decided.
 * @param busy an operation of this payment is under way
 */
export const cancelPayment = (before: Payment, busy: boolean, now: Date): PaymentStep => {
  const payment = before.cancelled ? before : changed(before, { cancelled: true }, now);
  switch (payment.status) {
    case "PENDING":
      return stay(payment);
    case "AUTHORIZED": {
      if (payment.method === "CARD")
        return busy ? stay(payment) : asking(payment, "VOID", payment.amount, "order cancelled");
      return voided(payment, now);
    }
    case "CAPTURED":
    case "PARTIALLY_REFUNDED":
      return busy ? stay(payment) : giveBack(payment);
    case "REFUNDED":
      return {
        payment,
        ask: [],
        events: [refundedEvent(payment, payment.id, payment.refunded, "order cancelled", now)],
      };
    case "VOIDED":
      return { payment, ask: [], events: [nothingMoved(payment, "voided", now)] };
    case "FAILED":
      return { payment, ask: [], events: [nothingMoved(payment, "nothing_charged", now)] };
  }
};

// Cash too: it is paid back by hand, and the operation is the record of it.
const giveBack = (payment: Payment): PaymentStep => asking(payment, "REFUND", refundable(payment), "order cancelled");

const refundedEvent = (payment: Payment, refundId: string, amount: Money, reason: string, at: Date): PaymentEvent => ({
  type: "payment.refunded",
  payment,
  refundId,
  amount,
  reason,
  at,
});

const applyRefund = (before: Payment, refundId: string, amount: Money, reason: string, now: Date): PaymentStep => {
  const refunded = addMoney(before.refunded, amount);
  const all = compareMoney(refunded, before.captured) === 0;
  const payment = changed(before, { refunded, status: all ? "REFUNDED" : "PARTIALLY_REFUNDED" }, now);
  return {
    payment,
    // A part was on its way back when the order was cancelled: the rest follows.
    ask: payment.cancelled && !all ? giveBack(payment).ask : [],
    events: [refundedEvent(payment, refundId, amount, reason, now)],
  };
};

/**
 * The order costs something else now. Older news than what is known, and more than was authorized: unchanged.
 * @throws AppError `payment.currency_mismatch`
 */
export const followTotal = (payment: Payment, total: Money, orderVersion: bigint, now: Date): Payment => {
  if (orderVersion <= payment.orderVersion) return payment;
  const lower = compareMoney(total, payment.amount) < 0 ? total : payment.amount;
  if (lower.minor === payment.total.minor) return payment;
  return changed(payment, { total: lower, orderVersion }, now);
};

/** Authorized, and nothing of what the order still holds costs anything: providers refuse captures of nothing. */
export const owesNothing = ({ method, status, cancelled, total }: Payment): boolean =>
  method === "CARD" && status === "AUTHORIZED" && !cancelled && total.minor === 0n;

/** The card's hold goes back in the place of a capture of nothing; that it is done counts as captured. */
export const release = (payment: Payment): PaymentStep =>
  asking(payment, "VOID", payment.amount, "nothing left to pay");

/** Pieces are never sent. A hold that is for nothing any more goes back at once, not when the rest is sent. */
export const shortenPayment = (payment: Payment, busy: boolean): PaymentStep =>
  owesNothing(payment) && !busy ? release(payment) : stay(payment);

/**
 * The order wants its money: it has shipped, or is at the door. Nothing to do is no error.
 * @param occasion cash is only there at the door
 */
export const collectPayment = (
  payment: Payment,
  occasion: "SHIPPED" | "DELIVERED",
  busy: boolean,
  now: Date,
): PaymentStep => {
  if (payment.status !== "AUTHORIZED" || payment.cancelled) return stay(payment);
  if (owesNothing(payment)) return shortenPayment(payment, busy);
  if (payment.method === "CARD") return busy ? stay(payment) : asking(payment, "CAPTURE", payment.total);
  return occasion === "DELIVERED"
    ? applyCapture(payment, payment.total, payment.providerReference, now)
    : stay(payment);
};

export const applyCapture = (before: Payment, amount: Money, providerReference: string, now: Date): PaymentStep => {
  const payment = changed(before, { status: "CAPTURED", captured: amount, capturedAt: now, providerReference }, now);
  return {
    payment,
    ask: payment.cancelled ? giveBack(payment).ask : [],
    events: [{ type: "payment.captured", payment, at: now }],
  };
};

/** What an operation's outcome means for its payment. */
export const applyOutcome = (
  before: Payment,
  operation: Operation,
  outcome: OperationOutcome,
  now: Date,
): PaymentStep => {
  if (outcome.type === "failed") return applyFailure(before, operation, outcome, now);
  switch (operation.kind) {
    case "AUTHORIZE": {
      const payment = changed(
        before,
        { status: "AUTHORIZED", authorizedAt: now, providerReference: outcome.reference, cardToken: "" },
        now,
      );
      // Nobody waits for it any more: it goes straight back, and only then is the cancellation answered.
      if (payment.cancelled) return asking(payment, "VOID", payment.amount, "order cancelled");
      return { payment, ask: [], events: [{ type: "payment.authorized", payment, at: now }] };
    }
    case "CAPTURE":
      return applyCapture(before, operation.amount, outcome.reference, now);
    case "VOID": {
      if (!owesNothing(before)) return voided(before, now);
      // The order goes on, with what costs nothing, and waits for its money: all of it is here.
      const payment = changed(before, { status: "VOIDED" }, now);
      return { payment, ask: [], events: [{ type: "payment.captured", payment, at: now }] };
    }
    case "REFUND":
      return applyRefund(before, operation.id, operation.amount, operation.reason, now);
  }
};

const applyFailure = (
  before: Payment,
  operation: Operation,
  { code, text }: Extract<OperationOutcome, { type: "failed" }>,
  now: Date,
): PaymentStep => {
  const failed = (payment: Payment): PaymentEvent => ({
    type: "payment.failed",
    payment,
    operation: operation.kind,
    code,
    text,
    at: now,
  });
  if (operation.kind === "AUTHORIZE") {
    const payment = changed(before, { status: "FAILED", failureCode: code, cardToken: "" }, now);
    return {
      payment,
      ask: [],
      events: [payment.cancelled ? nothingMoved(payment, "nothing_charged", now) : failed(payment)],
    };
  }
  // The money is where it was; whoever asked decides whether to ask again.
  const payment = changed(before, {}, now);
  if (operation.kind === "CAPTURE" && payment.cancelled) {
    return { ...asking(payment, "VOID", payment.amount, "order cancelled"), events: [failed(payment)] };
  }
  return { payment, ask: [], events: [failed(payment)] };
};
