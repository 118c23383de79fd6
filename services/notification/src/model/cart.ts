export interface CartItem {
  readonly sku: string;
  readonly quantity: number;
}

/** A cart as its events told of it, to remind of it when it is left lying. */
export interface Cart {
  readonly id: string;
  /** Undefined while nobody has signed in: then there is nobody to remind. */
  readonly customerId: string | undefined;
  /** CLOSED: checked out or deleted. Stays so. */
  readonly state: "OPEN" | "CLOSED";
  readonly items: readonly CartItem[];
  readonly version: bigint;
  /** The event that told of this version. */
  readonly eventId: string;
  readonly changedAt: Date;
  /** One reminder per version. */
  readonly remindedVersion: bigint;
}

/** The highest version counts. A closed cart is not opened again by older news. */
export const followCart = (before: Cart | undefined, news: Cart): Cart => {
  if (!before) return news;
  if (before.state === "CLOSED" || news.version <= before.version) return before;
  return { ...news, remindedVersion: before.remindedVersion };
};

/** An order was made of it; the cart itself may say so later. */
export const closeCart = (before: Cart | undefined, cartId: string, at: Date): Cart =>
  before
    ? { ...before, state: "CLOSED" }
    : {
        id: cartId,
        customerId: undefined,
        state: "CLOSED",
        items: [],
        version: 0n,
        eventId: "",
        changedAt: at,
        remindedVersion: 0n,
      };

export const reminded = (cart: Cart): Cart => ({ ...cart, remindedVersion: cart.version });

/** Whether there is something to remind somebody of. */
export const worthReminding = ({ state, customerId, items }: Cart): boolean =>
  state === "OPEN" && customerId !== undefined && items.length > 0;
