import { addressLimit, addressNotFound } from "./errors.ts";

export const MOST_ADDRESSES = 20;

/** Where a parcel goes. */
export interface PostalAddress {
  readonly recipient: string;
  readonly line1: string;
  readonly line2: string;
  readonly postalCode: string;
  readonly city: string;
  readonly region: string;
  readonly countryCode: string;
  readonly phone: string;
}

export interface Address extends PostalAddress {
  readonly id: string;
  readonly customerId: string;
  readonly label: string;
  readonly isDefault: boolean;
  readonly createdAt: Date;
  readonly updatedAt: Date;
}

/** All addresses of one customer, oldest first. Exactly one is the default, unless there is none. */
export type AddressBook = readonly Address[];

export const defaultOf = (book: AddressBook): Address | undefined => book.find(({ isDefault }) => isDefault);

/** @throws AppError `customer.address_not_found` */
export const addressOf = (book: AddressBook, addressId: string): Address => {
  const found = book.find(({ id }) => id === addressId);
  if (!found) throw addressNotFound(addressId);
  return found;
};

const withDefault = (book: AddressBook, addressId: string): AddressBook =>
  book.map((address) =>
    address.isDefault === (address.id === addressId) ? address : { ...address, isDefault: address.id === addressId },
  );

export interface NewAddress extends PostalAddress {
  readonly id: string;
  readonly customerId: string;
  readonly label: string;
  readonly makeDefault: boolean;
}

/** The first address is the default. @throws AppError `customer.address_limit` */
export const addAddress = (book: AddressBook, { makeDefault, ...fields }: NewAddress, now: Date): AddressBook => {
  if (book.length >= MOST_ADDRESSES) throw addressLimit(MOST_ADDRESSES);
  const grown = [...book, { ...fields, isDefault: false, createdAt: now, updatedAt: now }];
  return makeDefault || book.length === 0 ? withDefault(grown, fields.id) : grown;
};

/** @throws AppError `customer.address_not_found` */
export const changeAddress = (
  book: AddressBook,
  addressId: string,
  fields: PostalAddress & { readonly label: string },
  now: Date,
): AddressBook => {
  const before = addressOf(book, addressId);
  const same = (Object.keys(fields) as (keyof typeof fields)[]).every((key) => fields[key] === before[key]);
  if (same) return book;
  return book.map((address) => (address === before ? { ...address, ...fields, updatedAt: now } : address));
};

/** When the default goes, the newest of the rest becomes it. One that is not there: the same book. */
export const removeAddress = (book: AddressBook, addressId: string): AddressBook => {
  const gone = book.find(({ id }) => id === addressId);
  if (!gone) return book;
  const rest = book.filter((address) => address !== gone);
  const newest = rest.at(-1);
  return gone.isDefault && newest ? withDefault(rest, newest.id) : rest;
};

/** The default already: the same book. @throws AppError `customer.address_not_found` */
export const makeDefault = (book: AddressBook, addressId: string): AddressBook =>
  addressOf(book, addressId).isDefault ? book : withDefault(book, addressId);
