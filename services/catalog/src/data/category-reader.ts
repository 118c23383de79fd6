import { defineKeyset, type Orm } from "@tandem/postgres";
import { and, count, eq } from "drizzle-orm";
import type { CategoryReader } from "../biz/ports.ts";
import { categoryNotFound } from "../model/errors.ts";
import { categoryFromRow } from "./category-repository.ts";
import { categoryTable } from "./schema.ts";

const byName = defineKeyset({
  scope: "categories:name_asc",
  table: categoryTable,
  sort: [{ column: "name", direction: "asc" }],
});

export const makeCategoryReader = (orm: Orm): CategoryReader => ({
  async getById(categoryId) {
    const [row] = await orm.select().from(categoryTable).where(eq(categoryTable.id, categoryId));
    if (!row) throw categoryNotFound(categoryId);
    return categoryFromRow(row);
  },

  async listByParent(parentId, { limit, cursor, offset }) {
    const page = byName({ limit, cursor });
    const matches = parentId ? eq(categoryTable.parentId, parentId) : undefined;
    const query = orm
      .select()
      .from(categoryTable)
      .where(and(matches, page.where))
      .orderBy(...page.orderBy)
      .limit(page.limit);
    if (offset === undefined) {
      const { items, nextCursor } = page.finish(await query);
      return { items: items.map(categoryFromRow), nextCursor };
    }
    const [total] = await orm.select({ n: count() }).from(categoryTable).where(matches);
    return { items: page.finish(await query.offset(offset)).items.map(categoryFromRow), total: total?.n ?? 0 };
  },
});
