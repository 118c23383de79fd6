import { type Database, makeUnitOfWork } from "@tandem/postgres";
import { lt, sql } from "drizzle-orm";
import type { CartProductReader, CartProductUnitOfWork } from "../biz/ports.ts";
import type { CartProduct } from "../model/cart-product.ts";
import { cartProductTable } from "./schema.ts";

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

/** Writes that only count when they are newer, each part by its own version: events come in any order. */
export const makeCartProductUnitOfWork = (database: Database): CartProductUnitOfWork =>
  makeUnitOfWork(database, (tx) => ({
    products: {
      async updateProduct({ productId, name, status, version }) {
        await tx
          .insert(cartProductTable)
          .values({ productId, name, status, productVersion: version })
          .onConflictDoUpdate({
            target: cartProductTable.productId,
            // A tombstone knows no name: the one that is there stays.
            set: name === "" ? { status, productVersion: version } : { name, status, productVersion: version },
            setWhere: lt(cartProductTable.productVersion, version),
          });
      },
      async updatePrices({ productId, prices, version }) {
        const stored = Object.fromEntries([...prices].map(([currency, minor]) => [currency, String(minor)]));
        await tx
          .insert(cartProductTable)
          .values({ productId, prices: stored, priceVersion: version })
          .onConflictDoUpdate({
            target: cartProductTable.productId,
            set: { prices: sql`excluded.prices`, priceVersion: version },
            setWhere: lt(cartProductTable.priceVersion, version),
          });
      },
    },
  }));
