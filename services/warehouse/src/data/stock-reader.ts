import { defineKeyset, type Orm } from "@tandem/postgres";
import { and, count, eq, inArray } from "drizzle-orm";
import type { StockReader } from "../biz/ports.ts";
import { stockNotFound } from "../model/errors.ts";
import { stockTable } from "./schema.ts";

const byProduct = defineKeyset({
  scope: "stock:product_asc",
  table: stockTable,
  sort: [],
  id: "productId",
});

export const makeStockReader = (orm: Orm): StockReader => ({
  async getByProductId(productId) {
    const [row] = await orm.select().from(stockTable).where(eq(stockTable.productId, productId));
    if (!row) throw stockNotFound(productId);
    return row;
  },

  listByProductIds: (productIds) =>
    orm
      .select()
      .from(stockTable)
      .where(inArray(stockTable.productId, [...productIds])),

  async listByCriteria({ sellerId }, { limit, cursor, offset }) {
    const page = byProduct({ limit, cursor });
    const matches = sellerId ? eq(stockTable.sellerId, sellerId) : undefined;
    const query = orm
      .select()
      .from(stockTable)
      .where(and(matches, page.where))
      .orderBy(...page.orderBy)
      .limit(page.limit);
    if (offset === undefined) return page.finish(await query);
    const [total] = await orm.select({ n: count() }).from(stockTable).where(matches);
    return { items: page.finish(await query.offset(offset)).items, total: total?.n ?? 0 };
  },
});
