import type { Transaction } from "@tandem/postgres";
import { eq, inArray, sql } from "drizzle-orm";
import type { StockRepository } from "../biz/ports.ts";
import { stockTable } from "./schema.ts";

export const makeStockRepository = (tx: Transaction): StockRepository => ({
  async lockByProductIds(productIds) {
    if (productIds.length === 0) return new Map();
    const rows = await tx
      .select()
      .from(stockTable)
      .where(inArray(stockTable.productId, [...productIds]))
      .orderBy(stockTable.productId)
      .for("update");
    return new Map(rows.map((row) => [row.productId, row]));
  },

  async createIfAbsent(stock) {
    const created = await tx
      .insert(stockTable)
      .values(stock)
      .onConflictDoNothing()
      .returning({ productId: stockTable.productId });
    return created.length > 0;
  },

  async updateProduct({ productId, sellerId, discontinued, version, updatedAt }) {
    await tx
      .update(stockTable)
      .set({ sellerId, discontinued, version, updatedAt })
      .where(eq(stockTable.productId, productId));
  },

  async updateQuantities(stocks) {
    if (stocks.length === 0) return;
    await tx.execute(sql`
      update stock set on_hand = after.on_hand, reserved = after.reserved, version = after.version, updated_at = after.updated_at
      from unnest(
        ${sql.param(stocks.map((stock) => stock.productId))}::uuid[],
        ${sql.param(stocks.map((stock) => stock.onHand))}::int[],
        ${sql.param(stocks.map((stock) => stock.reserved))}::int[],
        ${sql.param(stocks.map((stock) => stock.version))}::bigint[],
        ${sql.param(stocks.map((stock) => stock.updatedAt))}::timestamptz[]
      ) as after (product_id, on_hand, reserved, version, updated_at)
      where stock.product_id = after.product_id`);
  },
});
