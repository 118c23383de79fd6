import type { Clock } from "@tandem/kernel";
import { type Cart, type CartItem, emptyCart, putItem, removeItem } from "../model/cart.ts";
import { type CartProduct, isGone } from "../model/cart-product.ts";
import { cartNotFound, cartProductUnavailable } from "../model/errors.ts";
import { makeDescribeCart } from "./cart-products.ts";
import type { CartProductReader, CartStore, StoredCart } from "./ports.ts";

export interface EditCartDeps {
  readonly carts: CartStore;
  readonly clock: Clock;
}

export type MayActFor = (customerId: string) => boolean;

const read = async (carts: CartStore, cartId: string, mayActFor: MayActFor, signal?: AbortSignal) => {
  const stored = await carts.getById(cartId, signal);
  // Somebody else's cart and no cart look the same: ids cannot be probed.
  if (stored && !mayActFor(stored.cart.customerId)) throw cartNotFound(cartId);
  return stored;
};

/** @throws AppError `cart.not_found` */
export const makeGetCart =
  ({ carts }: EditCartDeps) =>
  async (cartId: string, mayActFor: MayActFor, signal?: AbortSignal): Promise<Cart> => {
    const stored = await read(carts, cartId, mayActFor, signal);
    if (!stored) throw cartNotFound(cartId);
    return stored.cart;
  };

export interface PutCartItemInput {
  readonly cartId: string;
  /** For a cart that does not exist yet. */
  readonly customerId: string;
  readonly currency: string;
  readonly item: CartItem;
  readonly mayActFor: MayActFor;
}

/** A cart with what is known of its products. */
export interface DescribedCart {
  readonly cart: Cart;
  readonly products: ReadonlyMap<string, CartProduct>;
}

/**
 * Sets the quantity of one product, creating the cart with its first item. A product that is not known is taken: what is known here may be behind,
 * and the quote at checkout decides.
 * @throws AppError `cart.product_unavailable`, `cart.version_conflict`, `cart.checked_out`
 */
export const makePutCartItem =
  ({ carts, products, clock }: EditCartDeps & { readonly products: CartProductReader }) =>
  async (
    { cartId, customerId, currency, item, mayActFor }: PutCartItemInput,
    signal?: AbortSignal,
  ): Promise<DescribedCart> => {
    const stored = await read(carts, cartId, mayActFor, signal);
    const now = clock.now();
    const before = stored?.cart ?? emptyCart(cartId, customerId, currency, now);
    const after = putItem(before, item, currency, now);
    // Of all items: the answer shows them, too.
    const known = await makeDescribeCart({ products })(after);
    const product = known.get(item.productId);
    if (product && isGone(product)) throw cartProductUnavailable(item.productId);
    return { cart: await save(carts, before, after, stored, signal), products: known };
  };

/** A product that is not in the cart is removed already. @throws AppError `cart.not_found`, `cart.version_conflict`, `cart.checked_out` */
export const makeRemoveCartItem =
  ({ carts, clock }: EditCartDeps) =>
  async (
    { cartId, productId, mayActFor }: { cartId: string; productId: string; mayActFor: MayActFor },
    signal?: AbortSignal,
  ): Promise<Cart> => {
    const stored = await read(carts, cartId, mayActFor, signal);
    if (!stored) throw cartNotFound(cartId);
    return save(carts, stored.cart, removeItem(stored.cart, productId, clock.now()), stored, signal);
  };

/** Idempotent: no cart is deleted already. */
export const makeDeleteCart =
  ({ carts }: EditCartDeps) =>
  async (cartId: string, mayActFor: MayActFor, signal?: AbortSignal): Promise<void> => {
    const stored = await read(carts, cartId, mayActFor, signal);
    if (stored) await carts.delete(stored.cart, stored.etag, signal);
  };

const save = async (
  carts: CartStore,
  before: Cart,
  after: Cart,
  stored: StoredCart | undefined,
  signal?: AbortSignal,
) => {
  if (after !== before) await carts.put(after, stored?.etag, signal);
  return after;
};
