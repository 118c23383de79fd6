import type { Transaction } from "@tandem/postgres";
import { inArray, lt, sql } from "drizzle-orm";
import type { ProductRepository } from "../biz/ports.ts";
import { productTable } from "./schema.ts";

export const makeProductRepository = (tx: Transaction): ProductRepository => ({
  async listByIds(productIds) {
    if (productIds.length === 0) return [];
    return tx
      .select()
      .from(productTable)
      .where(inArray(productTable.productId, [...productIds]));
  },

  async upsertIfNewer(product) {
    const { sellerId, sku, name, taxCategory, status, version } = product;
    // A tombstone knows no names: those that are there stay.
    const set =
      status === "ARCHIVED" && sku === "" ? { status, version } : { sellerId, sku, name, taxCategory, status, version };
    const written = await tx
      .insert(productTable)
      .values(product)
      .onConflictDoUpdate({
        target: productTable.productId,
        set,
        setWhere: lt(productTable.version, sql`excluded.version`),
      })
      .returning({ productId: productTable.productId });
    return written.length > 0;
  },
});
