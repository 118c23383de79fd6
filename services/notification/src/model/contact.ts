/** Whom messages go to. UNKNOWN: something happened to somebody we have not been told of yet. ERASED stays so for ever. */
export interface Contact {
  readonly customerId: string;
  readonly state: "UNKNOWN" | "KNOWN" | "ERASED";
  readonly email: string;
  /** E.164, or empty. */
  readonly phone: string;
  readonly displayName: string;
  readonly locale: string;
  readonly timeZone: string;
  /** Of `customer.updated`; 0 while only the registration is known. */
  readonly version: bigint;
}

export type ContactFacts = Pick<Contact, "email" | "phone" | "displayName" | "locale" | "timeZone">;

const BLANK: ContactFacts = { email: "", phone: "", displayName: "", locale: "", timeZone: "" };

export const unknownContact = (customerId: string): Contact => ({
  customerId,
  state: "UNKNOWN",
  ...BLANK,
  version: 0n,
});

/** The registration is the oldest news: what the profile said, it does not change. */
export const register = (before: Contact, facts: Pick<ContactFacts, "email" | "displayName" | "locale">): Contact =>
  before.state === "ERASED" || before.version > 0n ? before : { ...before, ...facts, state: "KNOWN" };

/** The highest version counts, in whatever order they come. An address that the profile does not carry stays. */
export const update = (before: Contact, version: bigint, facts: ContactFacts): Contact =>
  before.state === "ERASED" || version <= before.version
    ? before
    : { ...before, ...facts, email: facts.email || before.email, state: "KNOWN", version };

export const erase = (before: Contact, version: bigint): Contact =>
  before.state === "ERASED" ? before : { ...before, ...BLANK, state: "ERASED", version };
