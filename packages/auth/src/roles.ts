/** The roles that tokens may name. Who gets which role is the auth context's business; what a role may do is decided here. */
export type Role = "customer" | "seller" | "staff" | "operator" | "service";

// Explicit permissions, no wildcards and no inheritance: what a role may do is what its list says, and a new RPC is closed until someone adds
// its permission to a list. A test compares this table with the permissions that proto declares, both ways.
const table: Readonly<Record<Role, readonly string[]>> = {
  customer: [],
  seller: [],
  staff: ["customer.act_for_any", "seller.act_for_any"],
  operator: ["customer.act_for_any", "seller.act_for_any"],
  service: ["customer.act_for_any", "seller.act_for_any"],
};

export const roles = Object.freeze(Object.keys(table)) as readonly Role[];

/** Role -> permissions, the only such table in the platform. */
const setsOf = (lists: Readonly<Record<Role, readonly string[]>>): Readonly<Record<Role, ReadonlySet<string>>> => ({
  customer: new Set(lists.customer),
  seller: new Set(lists.seller),
  staff: new Set(lists.staff),
  operator: new Set(lists.operator),
  service: new Set(lists.service),
});
export const rolePermissions = setsOf(table);

export const isRole = (value: unknown): value is Role => typeof value === "string" && Object.hasOwn(table, value);

/** The union of what the roles may do. */
export const permissionsOf = (held: readonly Role[]): ReadonlySet<string> =>
  new Set(held.flatMap((role) => [...rolePermissions[role]]));
