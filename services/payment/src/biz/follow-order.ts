import { AppError, type Clock } from "@tandem/kernel";
import {
  cancelPayment,
  collectPayment,
  type NewPayment,
  openCancelled,
  openPayment,
  type Payment,
} from "../model/payment.ts";
import type { PaymentUnitOfWork } from "./ports.ts";
import { saveStep } from "./save-step.ts";

export interface FollowOrderDeps {
  readonly uow: PaymentUnitOfWork;
  readonly clock: Clock;
  readonly newId: () => string;
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
  (orderId: string, occasion: "SHIPPED" | "DELIVERED", signal?: AbortSignal): Promise<Payment> =>
    uow.transact(async (repositories) => {
      const before = await repositories.payments.lockByOrderId(orderId);
      if (!before) throw tooEarly(orderId);
      const now = clock.now();
      const busy = (await repositories.operations.findOpenKind(before.id)) !== undefined;
      return saveStep(repositories, collectPayment(before, occasion, busy, now), { before, now, newId });
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
