const PREFIX = "service:";

// What each binary may do under its own name, by the app id that the auth context vouches for (ADR 0010). Whoever is not in here may call public
// methods and nothing else: most contexts talk by events, and what they forward for a user they do with the user's token. Who steals a secret
// gets one line of this table. Before adding to it: can the caller's token be forwarded instead, can an event say it?
const table: Readonly<Record<string, readonly string[]>> = {
  // Of the tasks, which go on after whoever ordered them has left: imports (products, prices), exports (orders, prices), replays of dead letters.
  "common-operations-worker": [
    "customer.act_for_any",
    "ops.read",
    "ops.write",
    "order.read",
    "price.write",
    "product.write",
    "seller.act_for_any",
  ],
  // The one binary without an outbox to publish `audit.recorded` through.
  gateway: ["audit.record"],
  // Sends the mails that confirm addresses and reset passwords: their tokens are in no event, so it asks for them (ADR 14).
  "notification-worker": ["verification.issue"],
  // Whose checkout it is. It asks by events today; this is who may ask by call. Quotes it gets with the customer's token.
  order: ["payment.authorize", "stock.reserve"],
};

/** App id -> permissions. Who is not named may do nothing but what is public. */
export const servicePermissions: ReadonlyMap<string, ReadonlySet<string>> = new Map(
  Object.entries(table).map(([name, permissions]) => [name, new Set(permissions)]),
);

/** The `sub` of a service's token: `service:order-worker`. */
export const serviceSubjectOf = (appId: string): string => `${PREFIX}${appId}`;

const none: ReadonlySet<string> = new Set();

/** What the service with that subject may do. */
export const permissionsOfService = (subject: string): ReadonlySet<string> =>
  subject.startsWith(PREFIX) ? (servicePermissions.get(subject.slice(PREFIX.length)) ?? none) : none;
