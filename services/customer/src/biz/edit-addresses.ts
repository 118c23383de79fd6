import type { Clock } from "@tandem/kernel";
import {
  type Address,
  type AddressBook,
  addAddress,
  addressOf,
  changeAddress,
  makeDefault,
  type NewAddress,
  type PostalAddress,
  removeAddress,
} from "../model/address-book.ts";
import { touch } from "../model/customer.ts";
import { customerErased } from "../model/errors.ts";
import type { CustomerUnitOfWork } from "./ports.ts";
import { lockCustomer, saveCustomer } from "./save-customer.ts";

export interface EditAddressesDeps {
  readonly uow: CustomerUnitOfWork;
  readonly clock: Clock;
  readonly newId: () => string;
}

/**
 * The four ways to change a customer's addresses. Edits of one customer take turns behind the customer's row; each that changes
 * something says `customer.updated` with the default address as it is then.
 * @throws AppError `customer.not_found`, `customer.address_not_found`, `customer.address_limit`, `customer.erased`
 */
export const makeEditAddresses = ({ uow, clock, newId }: EditAddressesDeps) => {
  const edit = (
    customerId: string,
    change: (book: AddressBook, now: Date) => AddressBook,
    signal?: AbortSignal,
  ): Promise<AddressBook> =>
    uow.transact(async (repositories) => {
      const now = clock.now();
      const customer = await lockCustomer(repositories, customerId);
      if (customer.erasedAt) throw customerErased(customerId);
      const before = await repositories.addresses.listByCustomerId(customerId);
      const after = change(before, now);
      if (after === before) return before;
      await repositories.addresses.replace(before, after);
      await saveCustomer(repositories, touch(customer, now), "ADDRESSES", now);
      return after;
    }, signal);

  return {
    async add(input: Omit<NewAddress, "id">, signal?: AbortSignal): Promise<Address> {
      const id = newId();
      const book = await edit(input.customerId, (before, now) => addAddress(before, { ...input, id }, now), signal);
      return addressOf(book, id);
    },

    async change(
      { customerId, addressId, fields }: AddressRef & { readonly fields: PostalAddress & { readonly label: string } },
      signal?: AbortSignal,
    ): Promise<Address> {
      const book = await edit(customerId, (before, now) => changeAddress(before, addressId, fields, now), signal);
      return addressOf(book, addressId);
    },

    async remove({ customerId, addressId }: AddressRef, signal?: AbortSignal): Promise<void> {
      await edit(customerId, (before) => removeAddress(before, addressId), signal);
    },

    async setDefault({ customerId, addressId }: AddressRef, signal?: AbortSignal): Promise<Address> {
      return addressOf(await edit(customerId, (before) => makeDefault(before, addressId), signal), addressId);
    },
  };
};

export interface AddressRef {
  readonly customerId: string;
  readonly addressId: string;
}
