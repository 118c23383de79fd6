import { newId } from "@tandem/kernel";
import type { Random } from "../random.ts";

export interface LoadCustomer {
  readonly email: string;
  readonly name: string;
  readonly token: () => Promise<string>;
}

export interface OpenCart {
  readonly cartId: string;
  readonly customer: LoadCustomer;
  items: number;
}

export interface PlacedOrder {
  readonly orderId: string;
  readonly customer: LoadCustomer;
  readonly placedAt: number;
}

/** What customers have begun: carts to check out, orders to look at, cancel and send back. Bounded: the oldest are forgotten. */
export interface Begun {
  newCart(customer: LoadCustomer): OpenCart;
  keepCart(cart: OpenCart): void;
  /** Nobody else gets it meanwhile. */
  takeCart(random: Random): OpenCart | undefined;
  place(order: PlacedOrder): void;
  anyOrder(random: Random): PlacedOrder | undefined;
  /** One placed between so many milliseconds ago, taken out: cancelled or sent back once. */
  takeOrder(minAgeMs: number, maxAgeMs: number): PlacedOrder | undefined;
}

const MAX_KEPT = 2_000;

export const createBegun = (): Begun => {
  const carts: OpenCart[] = [];
  const orders: PlacedOrder[] = [];
  return {
    newCart: (customer) => ({ cartId: newId(), customer, items: 0 }),
    keepCart: (cart) => {
      carts.push(cart);
      if (carts.length > MAX_KEPT) carts.shift();
    },
    takeCart: (random) => carts.splice(random.below(Math.max(1, carts.length)), 1)[0],
    place: (order) => {
      orders.push(order);
      if (orders.length > MAX_KEPT) orders.shift();
    },
    anyOrder: (random) => (orders.length === 0 ? undefined : random.pick(orders)),
    takeOrder: (minAgeMs, maxAgeMs) => {
      const now = performance.now();
      const at = orders.findLastIndex(({ placedAt }) => now - placedAt >= minAgeMs && now - placedAt <= maxAgeMs);
      return at < 0 ? undefined : orders.splice(at, 1)[0];
    },
  };
};
