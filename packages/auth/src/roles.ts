/** The roles that tokens may name. Who gets which role is the auth context's business; what a role may do is decided here. */
export type Role = "customer" | "seller" | "staff" | "operator" | "service";

// Explicit permissions, no wildcards and no inheritance: what a role may do is what its list says, and a new RPC is closed until someone adds
// its permission to a list. A test compares this table with the permissions that proto declares, both ways. A permission says what may be done;
// whose things it may be done to is ownership, checked by the use case with `mayActFor`.
const table = {
  customer: [
    "cart.read",
    "cart.write",
    "notification.read",
    "notification_preference.read",
    "notification_preference.write",
    "order.cancel",
    "order.create",
    "order.read",
    "order.update",
    "payment.read",
    "quote.create",
  ],
  seller: [
    "movement.read",
    "order.dashboard",
    "order.read",
    "price.write",
    "price_list.read",
    "product.write",
    "promotion.read",
    "promotion.write",
    "seller.write",
    "stock.adjust",
    "stock.read",
  ],
  staff: [
    "cart.read",
    "cart.write",
    "category.write",
    "customer.act_for_any",
    "movement.read",
    "notification.read",
    "notification.resend",
    "notification_preference.read",
    "notification_preference.write",
    "notification_template.read",
    "notification_template.write",
    "order.cancel",
    "order.create",
    "order.dashboard",
    "order.manage",
    "order.read",
    "order.update",
    "payment.capture",
    "payment.read",
    "payment.refund",
    "price.write",
    "price_list.read",
    "price_list.write",
    "product.write",
    "promotion.read",
    "promotion.write",
    "quote.create",
    "reservation.read",
    "seller.act_for_any",
    "seller.write",
    "settlement.read",
    "stock.adjust",
    "stock.read",
    "tax_rate.write",
    "voucher.read",
    "voucher.write",
  ],
  // Keeps the platform running: reads everything, changes nothing of the business, replays and releases what is stuck.
  operator: [
    "cart.read",
    "customer.act_for_any",
    "movement.read",
    "notification.read",
    "notification_preference.read",
    "notification_template.read",
    "ops.read",
    "ops.write",
    "order.read",
    "payment.read",
    "price_list.read",
    "promotion.read",
    "reservation.read",
    "seller.act_for_any",
    "settlement.read",
    "stock.read",
    "voucher.read",
  ],
  service: [
    "cart.read",
    "customer.act_for_any",
    "order.create",
    "order.read",
    "payment.authorize",
    "payment.capture",
    "payment.read",
    "payment.refund",
    "price_list.read",
    "quote.create",
    "reservation.read",
    "seller.act_for_any",
    "stock.read",
    "stock.reserve",
  ],
} as const satisfies Readonly<Record<Role, readonly string[]>>;

export const roles = Object.freeze(Object.keys(table)) as readonly Role[];

/** Role -> permissions, the only such table in the platform. */
export const rolePermissions: Readonly<Record<Role, ReadonlySet<string>>> = {
  customer: new Set<string>(table.customer),
  seller: new Set<string>(table.seller),
  staff: new Set<string>(table.staff),
  operator: new Set<string>(table.operator),
  service: new Set<string>(table.service),
};

export const isRole = (value: unknown): value is Role => typeof value === "string" && Object.hasOwn(table, value);

/** The union of what the roles may do. */
export const permissionsOf = (held: readonly Role[]): ReadonlySet<string> =>
  new Set(held.flatMap((role) => [...rolePermissions[role]]));
