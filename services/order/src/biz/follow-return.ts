import { type Clock, isAppError } from "@tandem/kernel";
import { orderUpdated } from "../model/order-events.ts";
import { receiveReturn, refundReturn } from "../model/order-return.ts";
import type { OrderUnitOfWork, Repositories } from "./ports.ts";

export interface FollowReturnDeps {
  readonly uow: OrderUnitOfWork;
  readonly clock: Clock;
}

/**
 * The goods of a return are back: payment is told to pay back, warehouse to put them on the shelf. Again: nothing.
 * @throws AppError `order.not_found`, `order.return_not_found`: no parcel comes back unasked
 */
export const makeReceiveReturn =
  ({ uow, clock }: FollowReturnDeps) =>
  (orderId: string, returnId: string, signal?: AbortSignal): Promise<void> =>
    uow.transact(async ({ orders, outbox }) => {
      const now = clock.now();
      const before = await orders.lockById(orderId);
      const after = receiveReturn(before, returnId, now);
      if (after === before) return;
      await orders.update(after);
      await outbox.add(orderUpdated(after, "RETURNED", now, { returnId }));
    }, signal);

/**
 * Notes in the caller's transaction that the money of a return is back. Call it after the checkout has been handed the event: saga, then order.
 * A refund that is not of a return (a cancellation, a shortened order, somebody's goodwill) changes nothing.
 */
export const makeNoteRefund =
  ({ clock }: Pick<FollowReturnDeps, "clock">) =>
  async ({ orders, outbox }: Repositories, orderId: string, refund: { id: string; reason: string }): Promise<void> => {
    const before = await orders.lockById(orderId).catch((error: unknown) => {
      if (isAppError(error, "order.not_found")) return undefined;
      throw error;
    });
    // The refund's own id is the payment's; payment repeats the return that asked for it.
    const which = before?.returns.find(({ id }) => refund.id === id || refund.reason.includes(id));
    if (!before || !which) return;
    const now = clock.now();
    const after = refundReturn(before, which.id, now);
    if (after === before) return;
    await orders.update(after);
    await outbox.add(orderUpdated(after, "REFUNDED", now, { returnId: which.id }));
  };
