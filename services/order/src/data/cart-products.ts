import { type Database, makeUnitOfWork, type Orm } from "@tandem/postgres";
import { inArray, lt, sql } from "drizzle-orm";
import type { CartProductReader, CartProductUnitOfWork } from "../biz/ports.ts";
import { cartProductTable } from "./schema.ts";

export const makeCartProductReader = (orm: Orm): CartProductReader => ({
  async listByIds(productIds) {
    const rows = await orm
      .select()
      .from(cartProductTable)
      .where(inArray(cartProductTable.productId, [...productIds]));
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
