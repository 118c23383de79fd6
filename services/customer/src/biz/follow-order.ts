import type { Clock } from "@tandem/kernel";
import { isOfInterest, type OrderRecord, replaceOrder } from "../model/order-statistics.ts";
import type { CustomerUnitOfWork } from "./ports.ts";
import { resegment } from "./save-customer.ts";

/**
 * Puts an order's newest snapshot in the place of the one before, in the customer's figures, and moves the customer to the segment
 * that follows. Older than what is known: nothing. Works before the registration has arrived; the figures wait for it.
 */
export const makeFollowOrder =
  ({ uow, clock }: { readonly uow: CustomerUnitOfWork; readonly clock: Clock }) =>
  async (record: OrderRecord, signal?: AbortSignal): Promise<void> => {
    if (!isOfInterest(record)) return;
    await uow.transact(async (repositories) => {
      const { orders } = repositories;
      const statistics = await orders.lockStatistics(record.customerId);
      const before = await orders.getByOrderId(record.orderId);
      if (before && before.version >= record.version) return;
      const after = replaceOrder(statistics, before, record);
      await orders.save(record, after);
      await resegment(repositories, after, clock.now());
    }, signal);
  };
