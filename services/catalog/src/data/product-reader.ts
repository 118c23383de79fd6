import { defineKeyset, type Orm } from "@tandem/postgres";
import { and, arrayContains, count, eq, inArray } from "drizzle-orm";
import type { ProductCriteria, ProductReader } from "../biz/ports.ts";
import { productNotFound } from "../model/errors.ts";
import { productFromRow } from "./product-repository.ts";
import { categoryTable, productTable } from "./schema.ts";

// Ids are UUIDv7: their order is the order of time.
const newestFirst = defineKeyset({
  scope: "products:id_desc",
  table: productTable,
  sort: [{ column: "id", direction: "desc" }],
});

export const makeProductReader = (orm: Orm): ProductReader => {
  const matching = ({ sellerId, categoryId, status, sku }: ProductCriteria) =>
    and(
      sellerId ? eq(productTable.sellerId, sellerId) : undefined,
      status ? eq(productTable.status, status) : undefined,
      sku ? eq(productTable.sku, sku) : undefined,
      categoryId ? inArray(productTable.categoryId, subtree(orm, categoryId)) : undefined,
    );
  return {
    async getById(productId) {
      const [row] = await orm.select().from(productTable).where(eq(productTable.id, productId));
      if (!row) throw productNotFound(productId);
      return productFromRow(row);
    },

    async listByIds(productIds) {
      const rows = await orm
        .select()
        .from(productTable)
        .where(inArray(productTable.id, [...productIds]));
      return rows.map(productFromRow);
    },

    async listByCriteria(criteria, { limit, cursor, offset }) {
      const page = newestFirst({ limit, cursor });
      const matches = matching(criteria);
      const query = orm
        .select()
        .from(productTable)
        .where(and(matches, page.where))
        .orderBy(...page.orderBy)
        .limit(page.limit);
      if (offset === undefined) {
        const { items, nextCursor } = page.finish(await query);
        return { items: items.map(productFromRow), nextCursor };
      }
      const [total] = await orm.select({ n: count() }).from(productTable).where(matches);
      return { items: page.finish(await query.offset(offset)).items.map(productFromRow), total: total?.n ?? 0 };
    },
  };
};

/** The ids of a category and of all below it. */
export const subtree = (orm: Orm, categoryId: string) =>
  orm
    .select({ id: categoryTable.id })
    .from(categoryTable)
    .where(arrayContains(categoryTable.path, [categoryId]));
