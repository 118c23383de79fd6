import type { Clock } from "@tandem/kernel";
import { eraseOrder } from "../model/order.ts";
import { orderUpdated } from "../model/order-events.ts";
import type { OrderReader, OrderUnitOfWork } from "./ports.ts";

export interface ForgetCustomerDeps {
  readonly uow: OrderUnitOfWork;
  readonly orders: OrderReader;
  readonly clock: Clock;
  /** Orders of one run, 1 to 10 000; default 500. */
  readonly limit?: number;
}

/** Remembers that a customer is to be forgotten. The orders themselves follow by job, each as it ends: parcels under way need their address. */
export const makeForgetCustomer =
  ({ uow, clock }: Pick<ForgetCustomerDeps, "uow" | "clock">) =>
  (customerId: string, signal?: AbortSignal): Promise<void> =>
    uow.transact(({ erasedCustomers }) => erasedCustomers.add(customerId, clock.now()), signal);

/** Blanks finished orders of forgotten customers; each in a transaction of its own. Returns how many. */
export const makeEraseFinishedOrders =
  ({ uow, orders, clock, limit = 500 }: ForgetCustomerDeps) =>
  async (signal?: AbortSignal): Promise<number> => {
    let blanked = 0;
    for (const orderId of await orders.listToErase(limit)) {
      if (signal?.aborted) break;
      await uow.transact(async (repositories) => {
        const now = clock.now();
        const before = await repositories.orders.lockById(orderId);
        const after = eraseOrder(before, now);
        if (after === before) return;
        await repositories.orders.update(after);
        await repositories.outbox.add(orderUpdated(after, "ERASED", now));
        blanked += 1;
      }, signal);
    }
    return blanked;
  };
