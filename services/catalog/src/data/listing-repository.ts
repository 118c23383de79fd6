import type { Transaction } from "@tandem/postgres";
import { lt, sql } from "drizzle-orm";
import type { ListingRepository } from "../biz/ports.ts";
import { listingPriceTable, listingStockTable } from "./schema.ts";

/** Writes that only count when they are newer: events come in any order. */
export const makeListingRepository = (tx: Transaction): ListingRepository => ({
  async updatePrices(productId, prices, version) {
    if (prices.length === 0) return;
    await tx
      .insert(listingPriceTable)
      .values(prices.map((price) => ({ ...price, productId, version })))
      .onConflictDoUpdate({
        target: [listingPriceTable.productId, listingPriceTable.currency],
        set: {
          amountMinor: sql`excluded.amount_minor`,
          regularMinor: sql`excluded.regular_minor`,
          version: sql`excluded.version`,
        },
        setWhere: lt(listingPriceTable.version, sql`excluded.version`),
      });
  },

  async updateStock(productId, available, version, at) {
    await tx
      .insert(listingStockTable)
      .values({ productId, available, version, updatedAt: at })
      .onConflictDoUpdate({
        target: listingStockTable.productId,
        set: {
          available: sql`excluded.available`,
          version: sql`excluded.version`,
          updatedAt: sql`excluded.updated_at`,
        },
        setWhere: lt(listingStockTable.version, sql`excluded.version`),
      });
  },
});
