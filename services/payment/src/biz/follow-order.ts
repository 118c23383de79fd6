import { AppError, type Clock, type Money } from "@tandem/kernel";
import { currencyMismatch } from "../model/errors.ts";
import {
  cancelPayment,
  collectPayment,
  followTotal,
  type NewPayment,
  openCancelled,
  openPayment,
  type Payment,
  shortenPayment,
} from "../model/payment.ts";
import { returnClaim } from "../model/refund-claim.ts";
import type { PaymentUnitOfWork } from "./ports.ts";
import { saveStep } from "./save-step.ts";

export interface FollowOrderDeps {
  readonly uow: PaymentUnitOfWork;
  readonly clock: Clock;
  readonly newId: () => string;
}

/** What an order says that it costs, in one of its versions. */
export interface OrderTotal {
  readonly orderId: string;
  readonly total: Money;
  readonly version: bigint;
}

export type OrderMoney = Omit<NewPayment, "id">;

/**
 * Opens the payment of an order whose stock is reserved. Idempotent by order. Of an order that was cancelled before this was heard,
 * nothing is taken: its payment is closed already.
 */
export const makeOpenPayment =
  ({ uow, clock, newId }: FollowOrderDeps) =>
  (order: OrderMoney, signal?: AbortSignal): Promise<Payment> =>
    uow.transact(async (repositories) => {
      const now = clock.now();
      const step = openPayment({ ...order, id: newId() }, now);
      if (await repositories.payments.createIfAbsent(step.payment)) {
        return saveStep(repositories, step, { before: undefined, now, newId });
      }
      return (await repositories.payments.lockByOrderId(order.orderId)) ?? step.payment;
    }, signal);

/**
 * Collects an order's money: a card when it ships, cash at the door. Idempotent; a capture that failed is tried again.
 * @throws AppError `payment.not_found`, retryable: the order's earlier events may still be under way
 */
export const makeCollectPayment =
  ({ uow, clock, newId }: FollowOrderDeps) =>
  (
    { orderId, total, version }: OrderTotal,
    occasion: "SHIPPED" | "DELIVERED",
    signal?: AbortSignal,
  ): Promise<Payment> =>
    uow.transact(async (repositories) => {
      const before = await repositories.payments.lockByOrderId(orderId);
      if (!before) throw tooEarly(orderId);
      const now = clock.now();
      const busy = (await repositories.operations.findOpenKind(before.id)) !== undefined;
      const priced = followTotal(before, total, version, now);
      return saveStep(repositories, collectPayment(priced, occasion, busy, now), { before, now, newId });
    }, signal);

/**
 * Pieces will not be sent: less is captured, or what was captured too much goes back, once; where nothing is left to pay, the card's hold goes
 * back instead. Older news than what is known changes nothing.
 * @throws AppError `payment.not_found`, retryable
 */
export const makeShortenPayment =
  ({ uow, clock, newId }: FollowOrderDeps) =>
  ({ orderId, total, version }: OrderTotal, signal?: AbortSignal): Promise<Payment> =>
    uow.transact(async (repositories) => {
      const before = await repositories.payments.lockByOrderId(orderId);
      if (!before) throw tooEarly(orderId);
      const now = clock.now();
      const busy = (await repositories.operations.findOpenKind(before.id)) !== undefined;
      const step = shortenPayment(followTotal(before, total, version, now), busy);
      return saveStep(repositories, step, { before, now, newId });
    }, signal);

export interface ReturnedGoods {
  readonly orderId: string;
  readonly returnId: string;
  readonly refund: Money;
}

/**
 * Goods are back: their money goes back, once per return, as soon as it was captured and nothing else is under way for the payment;
 * never more than was captured and is still here. Said again after the provider has refused it: asked again.
 * @throws AppError `payment.not_found`, retryable; `payment.currency_mismatch`
 */
export const makeRefundReturn =
  ({ uow, clock, newId }: FollowOrderDeps) =>
  ({ orderId, returnId, refund }: ReturnedGoods, signal?: AbortSignal): Promise<Payment> =>
    uow.transact(async (repositories) => {
      const before = await repositories.payments.lockByOrderId(orderId);
      if (!before) throw tooEarly(orderId);
      if (refund.currency !== before.amount.currency) throw currencyMismatch(before.amount.currency);
      const now = clock.now();
      const claim = returnClaim(returnId, before.id, refund, now);
      if (!(await repositories.claims.createIfAbsent(claim))) await repositories.claims.reopenFailed(returnId);
      return saveStep(repositories, { payment: before, ask: [], events: [] }, { before, now, newId });
    }, signal);

/** Gives back whatever was taken for a cancelled order, and always answers with `payment.refunded`, at once or when it is done. */
export const makeCancelPayment =
  ({ uow, clock, newId }: FollowOrderDeps) =>
  (order: OrderMoney, signal?: AbortSignal): Promise<Payment> =>
    uow.transact(async (repositories) => {
      const { payments, operations } = repositories;
      const now = clock.now();
      let before = await payments.lockByOrderId(order.orderId);
      if (!before) {
        const closed = openCancelled({ ...order, id: newId() }, now);
        if (await payments.createIfAbsent(closed.payment)) {
          return saveStep(repositories, closed, { before: undefined, now, newId });
        }
        before = await payments.lockByOrderId(order.orderId);
        if (!before) throw tooEarly(order.orderId);
      }
      const busy = (await operations.findOpenKind(before.id)) !== undefined;
      return saveStep(repositories, cancelPayment(before, busy, now), { before, now, newId });
    }, signal);

const tooEarly = (orderId: string) =>
  new AppError("not_found", "payment.not_found", `Order ${orderId} has no payment yet.`, { retryable: true });
