import type { Money } from "@tandem/kernel";
import { amountExceeded, currencyMismatch, transitionInvalid } from "./errors.ts";
import {
  applyCapture,
  asking,
  owesNothing,
  type Payment,
  type PaymentStep,
  refundable,
  release,
  stay,
  voided,
} from "./payment.ts";

/** A person or a program asks. @throws AppError `payment.transition_invalid`, `payment.amount_exceeded`, `payment.currency_mismatch` */
export const requestRefund = (payment: Payment, amount: Money | undefined, reason: string): PaymentStep => {
  if (payment.status !== "CAPTURED" && payment.status !== "PARTIALLY_REFUNDED") {
    throw transitionInvalid(payment.status, "refunded");
  }
  const wanted = within(refundable(payment), amount);
  return asking(payment, "REFUND", wanted, reason);
};

/** Already captured: unchanged. @throws AppError as {@link requestRefund} */
export const requestCapture = (payment: Payment, amount: Money | undefined, now: Date): PaymentStep => {
  if (payment.status === "CAPTURED") return stay(payment);
  if (payment.status !== "AUTHORIZED") throw transitionInvalid(payment.status, "captured");
  const wanted = within(payment.total, amount);
  if (payment.method === "COD") return applyCapture(payment, wanted, "", now);
  return owesNothing(payment) ? release(payment) : asking(payment, "CAPTURE", wanted);
};

/** Already voided: unchanged. @throws AppError `payment.transition_invalid` */
export const requestVoid = (payment: Payment, reason: string, now: Date): PaymentStep => {
  if (payment.status === "VOIDED") return stay(payment);
  if (payment.status !== "AUTHORIZED") throw transitionInvalid(payment.status, "voided");
  if (payment.method === "CARD") return asking(payment, "VOID", payment.amount, reason);
  return voided(payment, now);
};

const within = (most: Money, amount: Money | undefined): Money => {
  if (!amount) return most;
  if (amount.currency !== most.currency) throw currencyMismatch(most.currency);
  if (amount.minor > most.minor) throw amountExceeded(most.minor);
  return amount;
};
