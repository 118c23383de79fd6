import type { Clock } from "@tandem/kernel";
import { type Customer, type ProfileFields, updateProfile } from "../model/customer.ts";
import type { CustomerUnitOfWork } from "./ports.ts";
import { lockCustomer, saveCustomer } from "./save-customer.ts";

export interface UpdateProfileInput {
  readonly customerId: string;
  readonly fields: ProfileFields;
  readonly expectedVersion: bigint;
}

/** @throws AppError `customer.not_found`, `customer.version_conflict`, `customer.erased`, `request.invalid` */
export const makeUpdateProfile =
  ({ uow, clock }: { readonly uow: CustomerUnitOfWork; readonly clock: Clock }) =>
  ({ customerId, fields, expectedVersion }: UpdateProfileInput, signal?: AbortSignal): Promise<Customer> =>
    uow.transact(async (repositories) => {
      const now = clock.now();
      const before = await lockCustomer(repositories, customerId);
      const after = updateProfile(before, fields, expectedVersion, now);
      if (after !== before) await saveCustomer(repositories, after, "PROFILE", now);
      return after;
    }, signal);
