import { AppError, type ErrorDetail } from "@tandem/kernel";
import type { PaymentStatus } from "./payment.ts";

export const paymentNotFound = (id: string) =>
  new AppError("not_found", "payment.not_found", `There is no payment ${id}.`);

export const paymentExists = (orderId: string) =>
  new AppError("already_exists", "payment.already_exists", `Order ${orderId} has another payment already.`);

export const transitionInvalid = (status: PaymentStatus, wish: string) =>
  new AppError(
    "failed_precondition",
    "payment.transition_invalid",
    `A ${status.toLowerCase()} payment cannot be ${wish}.`,
  );

export const amountExceeded = (most: bigint) =>
  new AppError("failed_precondition", "payment.amount_exceeded", `At most ${most} is left.`, {
    details: [{ field: "amount.amountMinor", rule: "lte", message: `at most ${most}` }],
  });

export const currencyMismatch = (currency: string) =>
  new AppError("invalid_argument", "payment.currency_mismatch", `The payment is in ${currency}.`, {
    details: [{ field: "amount.currencyCode", rule: "same_currency", message: `expected ${currency}` }],
  });

export const operationInProgress = (paymentId: string) =>
  new AppError(
    "conflict",
    "payment.operation_in_progress",
    `Something else is under way for payment ${paymentId}; try again when it is done.`,
  );

export const settlementFileInvalid = (details: readonly ErrorDetail[]) =>
  new AppError("invalid_argument", "payment.settlement_file_invalid", "The file has lines that cannot be read.", {
    details,
  });

export const settlementFileSettled = (day: string) =>
  new AppError("failed_precondition", "payment.settlement_file_settled", `${day} is settled by another file.`);

export const providerUnknown = (provider: string) =>
  new AppError("not_found", "payment.provider_unknown", `There is no payment provider ${provider}.`);

/** One answer for every way to be wrong: nothing to learn for who tries. */
export const webhookSignatureInvalid = () =>
  new AppError(
    "unauthenticated",
    "payment.webhook_signature_invalid",
    "The webhook's signature is missing, wrong or too old.",
  );

export const webhookMalformed = () =>
  new AppError("invalid_argument", "payment.webhook_malformed", "The webhook is not one that this provider sends.");
