import type { Email } from "./email.ts";
import { roleNotGrantable, sellerRequired } from "./errors.ts";

/** What people may hold; `service` is for services alone. */
export type UserRole = "customer" | "seller" | "staff" | "operator";
export type UserStatus = "ACTIVE" | "ERASED";

export interface User {
  readonly id: string;
  /** Undefined once the person is forgotten, as is the password's hash. */
  readonly email: Email | undefined;
  readonly displayName: string;
  readonly locale: string;
  /** PHC string. */
  readonly passwordHash: string | undefined;
  readonly roles: readonly UserRole[];
  readonly customerId: string | undefined;
  readonly sellerId: string | undefined;
  readonly status: UserStatus;
  readonly createdAt: Date;
  readonly passwordChangedAt: Date;
  readonly lastLoginAt: Date | undefined;
  /** When they showed that they read its mail. */
  readonly emailConfirmedAt: Date | undefined;
  readonly version: bigint;
}

export interface NewUser {
  readonly id: string;
  readonly email: Email;
  readonly displayName: string;
  readonly locale: string;
  readonly passwordHash: string;
  readonly roles: readonly UserRole[];
  readonly sellerId?: string | undefined;
}

/** A customer's id is its user's. @throws AppError `auth.seller_required` */
export const createUser = (init: NewUser, now: Date): User => {
  assertSeller(init.roles, init.sellerId);
  return {
    ...init,
    locale: init.locale || "en",
    customerId: init.roles.includes("customer") ? init.id : undefined,
    sellerId: init.sellerId,
    status: "ACTIVE",
    createdAt: now,
    passwordChangedAt: now,
    lastLoginAt: undefined,
    emailConfirmedAt: undefined,
    version: 1n,
  };
};

/** Replaces roles and seller; the customer that somebody was once stays its own. @throws AppError `auth.seller_required` */
export const withRoles = (user: User, roles: readonly UserRole[], sellerId: string | undefined): User => {
  assertSeller(roles, sellerId);
  const same = roles.length === user.roles.length && roles.every((role) => user.roles.includes(role));
  if (same && sellerId === user.sellerId) return user;
  const customerId = user.customerId ?? (roles.includes("customer") ? user.id : undefined);
  return { ...user, roles, sellerId, customerId, version: user.version + 1n };
};

export const withPassword = (user: User, passwordHash: string, now: Date): User => ({
  ...user,
  passwordHash,
  passwordChangedAt: now,
  version: user.version + 1n,
});

/** The first time counts. */
export const withConfirmedEmail = (user: User, now: Date): User =>
  user.emailConfirmedAt ? user : { ...user, emailConfirmedAt: now, version: user.version + 1n };

/** Nothing that names the person is left. Idempotent. */
export const erase = (user: User): User =>
  user.status === "ERASED"
    ? user
    : {
        ...user,
        email: undefined,
        displayName: "",
        passwordHash: undefined,
        roles: [],
        sellerId: undefined,
        emailConfirmedAt: undefined,
        status: "ERASED",
        version: user.version + 1n,
      };

/** What is left of a person whose erasure came before the account: nothing can be opened under this id any more. */
export const tombstone = (customerId: string, now: Date): User => ({
  id: customerId,
  email: undefined,
  displayName: "",
  locale: "en",
  passwordHash: undefined,
  roles: [],
  customerId,
  sellerId: undefined,
  status: "ERASED",
  createdAt: now,
  passwordChangedAt: now,
  lastLoginAt: undefined,
  emailConfirmedAt: undefined,
  version: 1n,
});

/** Roles that open the house: who gives or takes one holds it. */
const HOUSE: readonly UserRole[] = ["staff", "operator"];

/**
 * Staff may make sellers and customers of people, and colleagues of their own kind; nobody raises (or disarms) somebody above, or changes their own roles.
 * @throws AppError `auth.role_not_grantable`
 */
export const assertMayGrant = (
  granter: { readonly subject: string; readonly roles: readonly string[] },
  change: { readonly userId?: string; readonly before: readonly UserRole[]; readonly after: readonly UserRole[] },
): void => {
  if (change.userId === granter.subject) throw roleNotGrantable("Nobody changes their own roles.");
  const changed = HOUSE.filter((role) => change.before.includes(role) !== change.after.includes(role));
  const missing = changed.find((role) => !granter.roles.includes(role));
  if (missing !== undefined) throw roleNotGrantable(`Only who holds the role ${missing} gives or takes it.`);
};

const assertSeller = (roles: readonly UserRole[], sellerId: string | undefined): void => {
  if (roles.includes("seller") !== (sellerId !== undefined)) throw sellerRequired();
};
