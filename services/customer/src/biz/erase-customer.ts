import type { Clock } from "@tandem/kernel";
import { type Customer, confirmErasure, eraseCustomer } from "../model/customer.ts";
import type { CustomerUnitOfWork } from "./ports.ts";
import { lockCustomer, saveCustomer } from "./save-customer.ts";

export interface EraseCustomerInput {
  readonly customerId: string;
  /** What the person typed to confirm; undefined: nobody needs to, staff asks. */
  readonly confirmEmail?: string | undefined;
}

/**
 * Forgets a person: blanks the profile, drops the addresses, keeps the figures, and says ERASED for every other context to do the
 * same. Idempotent: again, nothing is said. The blank row stays, so that an event that comes late finds somebody forgotten, not
 * somebody new.
 * @throws AppError `customer.not_found`, `customer.confirmation_mismatch`
 */
export const makeEraseCustomer =
  ({ uow, clock }: { readonly uow: CustomerUnitOfWork; readonly clock: Clock }) =>
  ({ customerId, confirmEmail }: EraseCustomerInput, signal?: AbortSignal): Promise<Customer> =>
    uow.transact(async (repositories) => {
      const now = clock.now();
      const before = await lockCustomer(repositories, customerId);
      if (confirmEmail !== undefined) confirmErasure(before, confirmEmail);
      const after = eraseCustomer(before, now);
      if (after === before) return before;
      await repositories.addresses.replace(await repositories.addresses.listByCustomerId(customerId), []);
      await saveCustomer(repositories, after, "ERASED", now);
      return after;
    }, signal);
