import type { Clock } from "@tandem/kernel";
import { orderNotFound } from "../model/errors.ts";
import { editOrder, type Order, type OrderEdit } from "../model/order.ts";
import { orderUpdated } from "../model/order-events.ts";
import type { OrderUnitOfWork } from "./ports.ts";

export interface UpdateOrderDeps {
  readonly uow: OrderUnitOfWork;
  readonly clock: Clock;
}

export interface UpdateOrderInput extends OrderEdit {
  readonly orderId: string;
  /** The version that the caller has read; undefined takes any. */
  readonly expectedVersion: bigint | undefined;
  readonly mayActFor: (customerId: string) => boolean;
}

/**
 * Changes address or notes of a pending order.
 * @throws AppError `order.not_found`, `order.not_editable`, `order.version_conflict`
 */
export const makeUpdateOrder =
  ({ uow, clock }: UpdateOrderDeps) =>
  ({ orderId, expectedVersion, mayActFor, ...edit }: UpdateOrderInput, signal?: AbortSignal): Promise<Order> =>
    uow.transact(async ({ orders, outbox }) => {
      const before = await orders.lockById(orderId);
      if (!mayActFor(before.customerId)) throw orderNotFound(orderId);
      const now = clock.now();
      const after = editOrder(before, edit, expectedVersion, now);
      await orders.update(after);
      await outbox.add(orderUpdated(after, "DETAILS", now));
      return after;
    }, signal);
