import type { Clock } from "@tandem/kernel";
import { closeCart } from "../model/cart.ts";
import { cartChanged, cartEmpty, cartNotFound } from "../model/errors.ts";
import type { Order } from "../model/order.ts";
import type { makePlaceOrder, PlaceOrderInput } from "./place-order.ts";
import type { CartStore } from "./ports.ts";

export interface CheckoutCartDeps {
  readonly carts: CartStore;
  readonly placeOrder: ReturnType<typeof makePlaceOrder>;
  readonly clock: Clock;
  /** The order stands although its cart could not be marked; the next checkout of it finds the same order. */
  readonly onCartNotMarked: (cartId: string, error: unknown) => void;
}

export interface CheckoutCartInput
  extends Omit<PlaceOrderInput, "items" | "currency" | "checkoutKey" | "customerId" | "cartId" | "closesCartAt"> {
  readonly cartId: string;
  /** The cart's version that the customer saw; undefined takes any. */
  readonly expectedVersion: number | undefined;
  /** Whether the caller may act for the cart's customer; otherwise the cart does not exist for them. */
  readonly mayActFor: (customerId: string) => boolean;
}

/**
 * Turns a cart into an order. The cart lives in another store than the order, so it is marked afterwards, in a version that was claimed together with
 * the order: who changes the cart meanwhile is refused, or this checkout is. The checkout key is the cart's id and the version before it was closed,
 * which makes a repeat after a crash between the two find the first order.
 * @throws AppError `cart.not_found`, `cart.empty`, `cart.version_conflict`, and those of placing an order
 */
export const makeCheckoutCart =
  ({ carts, placeOrder, clock, onCartNotMarked }: CheckoutCartDeps) =>
  async ({ cartId, expectedVersion, mayActFor, ...rest }: CheckoutCartInput, signal?: AbortSignal): Promise<Order> => {
    const stored = await carts.getById(cartId, signal);
    if (!stored || !mayActFor(stored.cart.customerId)) throw cartNotFound(cartId);
    const { cart, etag } = stored;
    if (cart.items.length === 0) throw cartEmpty(cartId);
    const openVersion = cart.orderId === undefined ? cart.version : cart.version - 1;
    if (expectedVersion !== undefined && expectedVersion !== openVersion) throw cartChanged(cartId);
    const { order, repeated } = await placeOrder(
      {
        ...rest,
        cartId,
        customerId: cart.customerId,
        currency: cart.currency,
        items: cart.items,
        checkoutKey: `cart:${cart.id}:${openVersion}`,
        closesCartAt: openVersion + 1,
      },
      signal,
    );
    if (cart.orderId !== order.id) {
      const closed = closeCart(cart, order.id, clock.now());
      await (repeated ? carts.put(closed, etag, signal) : carts.putClaimed(closed, etag)).catch((error: unknown) =>
        onCartNotMarked(cartId, error),
      );
    }
    return order;
  };
