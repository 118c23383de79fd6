import { isUniqueViolation, type Transaction } from "@tandem/postgres";
import { eq, type InferSelectModel } from "drizzle-orm";
import type { ProductRepository } from "../biz/ports.ts";
import { productNotFound, skuTaken } from "../model/errors.ts";
import type { Product } from "../model/product.ts";
import { productTable } from "./schema.ts";

export const productFromRow = (row: InferSelectModel<typeof productTable>): Product => ({
  ...row,
  categoryId: row.categoryId ?? undefined,
});

export const makeProductRepository = (tx: Transaction): ProductRepository => ({
  async lockById(productId) {
    const [row] = await tx.select().from(productTable).where(eq(productTable.id, productId)).for("update");
    if (!row) throw productNotFound(productId);
    return productFromRow(row);
  },

  async createMany(products) {
    if (products.length === 0) return new Set();
    const created = await tx
      .insert(productTable)
      .values(products.map((product) => ({ ...product, categoryId: product.categoryId ?? null })))
      .onConflictDoNothing({ target: [productTable.sellerId, productTable.sku] })
      .returning({ id: productTable.id });
    return new Set(created.map(({ id }) => id));
  },

  async update({ id, createdAt: _, sellerId: __, categoryId, ...fields }) {
    try {
      await tx
        .update(productTable)
        .set({ ...fields, categoryId: categoryId ?? null })
        .where(eq(productTable.id, id));
    } catch (error) {
      throw isUniqueViolation(error, "product_sku_per_seller") ? skuTaken(fields.sku) : error;
    }
  },
});
