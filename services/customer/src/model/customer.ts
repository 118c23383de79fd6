import { confirmationMismatch, customerErased, timeZoneUnknown, versionConflict } from "./errors.ts";
import type { Segment } from "./segment.ts";

/** What the person may write about themselves. */
export interface ProfileFields {
  readonly displayName: string;
  /** E.164; empty: unknown. */
  readonly phone: string;
  /** BCP 47. */
  readonly locale: string;
  /** IANA. */
  readonly timeZone: string;
}

/** A person who buys. */
export interface Customer extends ProfileFields {
  readonly id: string;
  /** The login's: changed there, not here. */
  readonly email: string;
  readonly segment: Segment;
  readonly registeredAt: Date;
  readonly updatedAt: Date;
  /** Set: the person was forgotten, and everything that names them is empty. */
  readonly erasedAt?: Date | undefined;
  /** Counts every change of profile, addresses and segment: the version of `customer.updated`. */
  readonly version: bigint;
}

const DEFAULT_LOCALE = "en";
const DEFAULT_TIME_ZONE = "UTC";

export interface Registration {
  readonly customerId: string;
  readonly email: string;
  readonly displayName: string;
  readonly locale: string;
  readonly registeredAt: Date;
}

export const registerCustomer = (registration: Registration, segment: Segment, now: Date): Customer => ({
  id: registration.customerId,
  email: registration.email,
  displayName: registration.displayName,
  phone: "",
  locale: registration.locale || DEFAULT_LOCALE,
  timeZone: DEFAULT_TIME_ZONE,
  segment,
  registeredAt: registration.registeredAt,
  updatedAt: now,
  version: 1n,
});

/** Counts one change. @throws AppError `customer.erased` */
export const touch = (customer: Customer, now: Date, change: Partial<Customer> = {}): Customer => {
  if (customer.erasedAt) throw customerErased(customer.id);
  return { ...customer, ...change, updatedAt: now, version: customer.version + 1n };
};

const isTimeZone = (name: string): boolean => {
  try {
    return Boolean(new Intl.DateTimeFormat("en", { timeZone: name }));
  } catch {
    return false;
  }
};

/**
 * Nothing new: the same customer comes back, whatever version was read; so a repeat is no conflict.
 * @throws AppError `customer.version_conflict`, `customer.erased`, `request.invalid` for an unknown time zone
 */
export const updateProfile = (
  customer: Customer,
  fields: ProfileFields,
  expectedVersion: bigint,
  now: Date,
): Customer => {
  if (customer.erasedAt) throw customerErased(customer.id);
  const profile: ProfileFields = {
    ...fields,
    locale: fields.locale || DEFAULT_LOCALE,
    timeZone: fields.timeZone || DEFAULT_TIME_ZONE,
  };
  if (!isTimeZone(profile.timeZone)) throw timeZoneUnknown();
  const same = (Object.keys(profile) as (keyof ProfileFields)[]).every((key) => profile[key] === customer[key]);
  if (same) return customer;
  if (customer.version !== expectedVersion) throw versionConflict(customer.version);
  return touch(customer, now, profile);
};

/** The same segment, or nobody left to put into one: the same customer comes back. */
export const moveToSegment = (customer: Customer, segment: Segment, now: Date): Customer =>
  customer.erasedAt || customer.segment === segment ? customer : touch(customer, now, { segment });

/** @throws AppError `customer.confirmation_mismatch` */
export const confirmErasure = (customer: Customer, email: string): void => {
  const plain = (text: string): string => text.trim().toLowerCase();
  if (!customer.erasedAt && plain(email) !== plain(customer.email)) throw confirmationMismatch();
};

/** Blanks everything that names the person. Erased already: the same customer comes back. */
export const eraseCustomer = (customer: Customer, now: Date): Customer =>
  customer.erasedAt
    ? customer
    : {
        ...touch(customer, now),
        email: "",
        displayName: "",
        phone: "",
        locale: DEFAULT_LOCALE,
        timeZone: DEFAULT_TIME_ZONE,
        erasedAt: now,
      };
