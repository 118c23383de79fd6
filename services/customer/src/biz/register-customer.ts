import type { Clock } from "@tandem/kernel";
import { type Registration, registerCustomer } from "../model/customer.ts";
import { customerUpdated } from "../model/customer-events.ts";
import { segmentOf } from "../model/segment.ts";
import type { CustomerUnitOfWork } from "./ports.ts";

/**
 * Opens the profile of somebody who has registered, with whatever their orders have left here before, and says CREATED.
 * Idempotent: who is known stays as they are, and who was forgotten stays forgotten.
 */
export const makeRegisterCustomer =
  ({ uow, clock }: { readonly uow: CustomerUnitOfWork; readonly clock: Clock }) =>
  (registration: Registration, signal?: AbortSignal): Promise<void> =>
    uow.transact(async ({ customers, orders, outbox }) => {
      const now = clock.now();
      const statistics = await orders.lockStatistics(registration.customerId);
      const customer = registerCustomer(registration, segmentOf(statistics, now), now);
      if (await customers.createIfAbsent(customer))
        await outbox.add(customerUpdated("CREATED", customer, undefined, now));
    }, signal);
