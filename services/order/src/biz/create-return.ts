import type { Clock } from "@tandem/kernel";
import { orderNotFound } from "../model/errors.ts";
import { orderUpdated } from "../model/order-events.ts";
import { type OrderReturn, requestReturn, returnOf, type WantedReturn } from "../model/order-return.ts";
import type { OrderUnitOfWork } from "./ports.ts";

export interface CreateReturnDeps {
  readonly uow: OrderUnitOfWork;
  readonly clock: Clock;
  readonly newId: () => string;
}

export interface CreateReturnInput extends Omit<WantedReturn, "id"> {
  readonly orderId: string;
  readonly mayActFor: (customerId: string) => boolean;
}

/**
 * Opens a return and asks shipping for a label.
 * @throws AppError `order.not_found`, `order.return_not_allowed`, `order.return_lines_invalid`
 */
export const makeCreateReturn =
  ({ uow, clock, newId }: CreateReturnDeps) =>
  ({ orderId, lines, reason, mayActFor }: CreateReturnInput, signal?: AbortSignal): Promise<OrderReturn> =>
    uow.transact(async ({ orders, outbox }) => {
      const before = await orders.lockById(orderId);
      if (!mayActFor(before.customerId)) throw orderNotFound(orderId);
      const now = clock.now();
      const id = newId();
      const after = requestReturn(before, { id, lines, reason }, now);
      await orders.update(after);
      await outbox.add(orderUpdated(after, "RETURN_REQUESTED", now, { returnId: id }));
      return returnOf(after, id);
    }, signal);
