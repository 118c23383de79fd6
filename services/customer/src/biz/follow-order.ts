import type { Clock } from "@tandem/kernel";
import { isOfInterest, type OrderRecord, replaceOrder } from "../model/order-statistics.ts";
import { segmentOf } from "../model/segment.ts";
import type { CustomerUnitOfWork, InboxRow, OrderRecordNotes } from "./ports.ts";
import { resegment } from "./save-customer.ts";

export interface FollowOrderDeps {
  readonly uow: CustomerUnitOfWork;
  readonly notes: OrderRecordNotes;
  readonly clock: Clock;
}

/**
 * Puts an order's newest snapshot in the place of the one before, in the customer's figures, and moves the customer to the segment
 * that follows. Older than what is known: nothing. Works before the registration has arrived; the figures wait for it.
 */
export const makeFollowOrder =
  ({ uow, notes, clock }: FollowOrderDeps) =>
  async (record: OrderRecord, carryInbox: () => InboxRow, signal?: AbortSignal): Promise<void> => {
    if (!isOfInterest(record)) return;
    const once = carryInbox();
    // After its confirmation most of an order's life moves no figure; its beginning and its end do.
    const eventful = record.status === "CONFIRMED" || record.status === "CANCELLED";
    if (!eventful && (await notes.noteOnce(record, once, signal))) return;
    await uow.transact(async (repositories) => {
      const { orders } = repositories;
      const { statistics, before, segment } = await orders.lockForOrder(record.orderId, record.customerId, once);
      if (before && before.version >= record.version) return;
      const after = replaceOrder(statistics, before, record);
      orders.save(record, after);
      // Segments change behind the lock of the statistics only: most orders move nobody, and need no lock of the customer.
      const now = clock.now();
      if (segment && segment !== segmentOf(after, now)) await resegment(repositories, after, now);
    }, signal);
  };
