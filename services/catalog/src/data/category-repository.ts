import { isForeignKeyViolation, isUniqueViolation, type Transaction } from "@tandem/postgres";
import { and, arrayContains, eq, type InferSelectModel, inArray, ne, sql } from "drizzle-orm";
import type { CategoryRepository } from "../biz/ports.ts";
import type { Category } from "../model/category.ts";
import { categoryInUse, categoryNotFound, slugTaken } from "../model/errors.ts";
import { categoryTable } from "./schema.ts";

export const categoryFromRow = (row: InferSelectModel<typeof categoryTable>): Category => ({
  ...row,
  parentId: row.parentId ?? undefined,
});
const toRow = (category: Category) => ({ ...category, parentId: category.parentId ?? null, path: [...category.path] });

const guardSlug = async (slug: string, work: () => Promise<unknown>) => {
  try {
    await work();
  } catch (error) {
    throw isUniqueViolation(error, "category_slug") ? slugTaken(slug) : error;
  }
};

export const makeCategoryRepository = (tx: Transaction): CategoryRepository => ({
  async lockTree() {
    await tx.execute(sql`lock table category in share row exclusive mode`);
  },

  async getById(categoryId) {
    const [row] = await tx.select().from(categoryTable).where(eq(categoryTable.id, categoryId));
    if (!row) throw categoryNotFound(categoryId);
    return categoryFromRow(row);
  },

  async listExisting(categoryIds) {
    if (categoryIds.length === 0) return new Set();
    const rows = await tx
      .select({ id: categoryTable.id })
      .from(categoryTable)
      .where(inArray(categoryTable.id, [...categoryIds]));
    return new Set(rows.map(({ id }) => id));
  },

  async listBelow(categoryId) {
    const rows = await tx
      .select()
      .from(categoryTable)
      .where(and(arrayContains(categoryTable.path, [categoryId]), ne(categoryTable.id, categoryId)));
    return rows.map(categoryFromRow);
  },

  create: (category) => guardSlug(category.slug, () => tx.insert(categoryTable).values(toRow(category))),

  async updateMany(categories) {
    for (const category of categories) {
      await guardSlug(category.slug, () =>
        tx.update(categoryTable).set(toRow(category)).where(eq(categoryTable.id, category.id)),
      );
    }
  },

  async delete(categoryId) {
    try {
      await tx.delete(categoryTable).where(eq(categoryTable.id, categoryId));
    } catch (error) {
      throw isForeignKeyViolation(error) ? categoryInUse(categoryId) : error;
    }
  },
});
