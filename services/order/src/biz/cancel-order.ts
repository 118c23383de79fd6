import { orderAlreadyShipped, orderNotFound } from "../model/errors.ts";
import type { CancelReason, Order } from "../model/order.ts";
import type { OrderUnitOfWork } from "./ports.ts";

export interface CancelOrderDeps {
  readonly uow: OrderUnitOfWork;
  readonly newId: () => string;
}

export interface CancelOrderInput {
  readonly orderId: string;
  readonly reason: CancelReason;
  readonly note: string;
  readonly mayActFor: (customerId: string) => boolean;
}

/**
 * Asks the checkout to turn round. A pending order is cancelled and `order.cancelled` queued in the same transaction; money and stock follow
 * by events. Of a confirmed one fulfillment is asked, and it comes back as it is, with the wish noted. Idempotent: a cancelled order, and
 * one whose cancellation is under way, come back unchanged and emit nothing.
 * @throws AppError `order.not_found`, `order.already_shipped`
 */
export const makeCancelOrder =
  ({ uow, newId }: CancelOrderDeps) =>
  ({ orderId, reason, note, mayActFor }: CancelOrderInput, signal?: AbortSignal): Promise<Order> =>
    uow.transact(async ({ orders, checkout }) => {
      const before = await orders.getById(orderId);
      if (!mayActFor(before.customerId)) throw orderNotFound(orderId);
      if (before.status === "CANCELLED" || before.cancelRequestedAt) return before;
      await checkout.handle(orderId, { type: "cancel_requested", reason, note }, { id: newId(), source: "order" });
      const after = await orders.getById(orderId);
      // The saga decides, under its lock: between the read above and here the parcel may have left.
      if (after.status !== "CANCELLED" && !after.cancelRequestedAt) throw orderAlreadyShipped(orderId, after.status);
      return after;
    }, signal);
