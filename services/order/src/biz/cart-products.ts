import type { Cart } from "../model/cart.ts";
import type { CartPricePart, CartProduct, CartProductPart } from "../model/cart-product.ts";
import type { CartProductReader, CartProductRepository } from "./ports.ts";

/** Takes over what catalog says of a product, unless something newer is known. */
export const makeTrackCartProduct =
  ({ products }: { readonly products: CartProductRepository }) =>
  (part: CartProductPart, signal?: AbortSignal): Promise<void> =>
    products.updateProduct(part, signal);

/** Takes over what pricing says of a product, unless something newer is known. */
export const makeTrackCartPrices =
  ({ products }: { readonly products: CartProductRepository }) =>
  (part: CartPricePart, signal?: AbortSignal): Promise<void> =>
    products.updatePrices(part, signal);

/** What is known of a cart's products, by id. */
export const makeDescribeCart =
  ({ products }: { readonly products: CartProductReader }) =>
  async ({ items }: Cart): Promise<ReadonlyMap<string, CartProduct>> => {
    if (items.length === 0) return new Map();
    const known = await products.listByIds(items.map(({ productId }) => productId));
    return new Map(known.map((product) => [product.productId, product]));
  };
