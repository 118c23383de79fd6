import type { Database } from "@tandem/postgres";
import type { CartProductReader, CartProductRepository } from "../biz/ports.ts";
import type { CartProduct } from "../model/cart-product.ts";

interface CartProductRow extends Record<string, unknown> {
  readonly productId: string;
  readonly name: string;
  readonly status: CartProduct["status"];
  readonly prices: Readonly<Record<string, string>>;
}

const LIST = `
  select product_id as "productId", name, status, prices from cart_product where product_id = any($1::uuid[])`;

export const makeCartProductReader = ({ query }: Pick<Database, "query">): CartProductReader => ({
  async listByIds(productIds) {
    const { rows } = await query<CartProductRow>({ name: "cart products", text: LIST, values: [productIds] });
    return rows.map(({ productId, name, status, prices }) => ({
      productId,
      name,
      status,
      prices: new Map(Object.entries(prices).map(([currency, minor]) => [currency, BigInt(minor)])),
    }));
  },
});

const TAKE_PRODUCT = `
  insert into cart_product as p (product_id, name, status, product_version) values ($1, $2, $3, $4)
  on conflict (product_id) do update set name = coalesce(nullif(excluded.name, ''), p.name), status = excluded.status,
    product_version = excluded.product_version
  where p.product_version < excluded.product_version`;

const TAKE_PRICES = `
  insert into cart_product as p (product_id, prices, price_version) values ($1, $2, $3)
  on conflict (product_id) do update set prices = excluded.prices, price_version = excluded.price_version
  where p.price_version < excluded.price_version`;

/** Writes that only count when they are newer, each part by its own version: events come in any order, and any number of times. */
export const makeCartProductRepository = ({ query }: Pick<Database, "query">): CartProductRepository => ({
  async updateProduct({ productId, name, status, version }, signal) {
    // A tombstone knows no name: the one that is there stays.
    const values = [productId, name, status, version.toString()];
    await query({ name: "cart product take", text: TAKE_PRODUCT, values }, undefined, signal);
  },
  async updatePrices({ productId, prices, version }, signal) {
    const stored = Object.fromEntries([...prices].map(([currency, minor]) => [currency, String(minor)]));
    const values = [productId, JSON.stringify(stored), version.toString()];
    await query({ name: "cart prices take", text: TAKE_PRICES, values }, undefined, signal);
  },
});
