import { type Clock, compareMoney, type Money } from "@tandem/kernel";
import { operationInProgress, paymentExists } from "../model/errors.ts";
import type { OperationKind } from "../model/operation.ts";
import { openPayment, type Payment, type PaymentStep } from "../model/payment.ts";
import { requestCapture, requestRefund, requestVoid } from "../model/requested-steps.ts";
import type { OrderMoney } from "./follow-order.ts";
import type { PaymentUnitOfWork, Repositories } from "./ports.ts";
import { saveStep } from "./save-step.ts";

export interface ChangePaymentDeps {
  readonly uow: PaymentUnitOfWork;
  readonly clock: Clock;
  readonly newId: () => string;
}

const change =
  ({ uow, clock, newId }: ChangePaymentDeps) =>
  (
    paymentId: string,
    wish: OperationKind,
    decide: (payment: Payment, now: Date) => PaymentStep,
    signal?: AbortSignal,
  ): Promise<Payment> =>
    uow.transact(async (repositories: Repositories) => {
      const before = await repositories.payments.lockById(paymentId);
      const open = await repositories.operations.findOpenKind(paymentId);
      // The same capture or void again changes nothing; two refunds are two refunds, and the second must not get lost.
      if (open !== undefined && open === wish && wish !== "REFUND") return before;
      if (open !== undefined) throw operationInProgress(paymentId);
      const now = clock.now();
      return saveStep(repositories, decide(before, now), { before, now, newId });
    }, signal);

/** @throws AppError `payment.not_found`, `payment.transition_invalid`, `payment.operation_in_progress`, `payment.amount_exceeded`, `payment.currency_mismatch` */
export const makeCapturePayment = (deps: ChangePaymentDeps) => {
  const run = change(deps);
  return (paymentId: string, amount: Money | undefined, signal?: AbortSignal) =>
    run(paymentId, "CAPTURE", (payment, now) => requestCapture(payment, amount, now), signal);
};

/** @throws AppError `payment.not_found`, `payment.transition_invalid`, `payment.operation_in_progress` */
export const makeVoidPayment = (deps: ChangePaymentDeps) => {
  const run = change(deps);
  return (paymentId: string, reason: string, signal?: AbortSignal) =>
    run(paymentId, "VOID", (payment, now) => requestVoid(payment, reason, now), signal);
};

/** @throws AppError `payment.not_found`, `payment.transition_invalid`, `payment.operation_in_progress`, `payment.amount_exceeded`, `payment.currency_mismatch` */
export const makeRefundPayment = (deps: ChangePaymentDeps) => {
  const run = change(deps);
  return (paymentId: string, amount: Money | undefined, reason: string, signal?: AbortSignal) =>
    run(paymentId, "REFUND", (payment) => requestRefund(payment, amount, reason), signal);
};

/** One payment per order: the same wish again gets the first one. @throws AppError `payment.already_exists` for another wish */
export const makeAuthorizePayment =
  ({ uow, clock, newId }: ChangePaymentDeps) =>
  (order: OrderMoney, signal?: AbortSignal): Promise<Payment> =>
    uow.transact(async (repositories) => {
      const now = clock.now();
      const step = openPayment({ ...order, id: newId() }, now);
      if (await repositories.payments.createIfAbsent(step.payment)) {
        return saveStep(repositories, step, { before: undefined, now, newId });
      }
      const first = await repositories.payments.lockByOrderId(order.orderId);
      const same =
        first?.method === order.method &&
        first.amount.currency === order.amount.currency &&
        compareMoney(first.amount, order.amount) === 0;
      if (!first || !same) throw paymentExists(order.orderId);
      return first;
    }, signal);
