import { type Category, createCategory, updateCategory } from "../model/category.ts";
import type { CatalogUnitOfWork } from "./ports.ts";

export interface EditCategoryDeps {
  readonly uow: CatalogUnitOfWork;
  readonly newId: () => string;
}

export interface CategoryFields extends Pick<Category, "name" | "slug"> {
  readonly parentId: string | undefined;
}

/** @throws AppError `catalog.category_not_found` (the parent), `catalog.slug_taken` */
export const makeCreateCategory =
  ({ uow, newId }: EditCategoryDeps) =>
  ({ parentId, ...fields }: CategoryFields, signal?: AbortSignal): Promise<Category> =>
    uow.transact(async ({ categories }) => {
      if (parentId) await categories.lockTree();
      const parent = parentId ? await categories.getById(parentId) : undefined;
      const category = createCategory(newId(), fields, parent);
      await categories.create(category);
      return category;
    }, signal);

export interface UpdateCategoryInput extends CategoryFields {
  readonly categoryId: string;
  readonly expectedVersion: bigint;
}

/** Renames or moves a category with all below it. @throws AppError `catalog.category_not_found`, `.category_cycle`, `.slug_taken`, `.version_conflict` */
export const makeUpdateCategory =
  ({ uow }: Pick<EditCategoryDeps, "uow">) =>
  (
    { categoryId, parentId, expectedVersion, ...fields }: UpdateCategoryInput,
    signal?: AbortSignal,
  ): Promise<Category> =>
    uow.transact(async ({ categories }) => {
      await categories.lockTree();
      const before = await categories.getById(categoryId);
      const parent = parentId ? await categories.getById(parentId) : undefined;
      const below = await categories.listBelow(categoryId);
      const after = updateCategory(before, fields, parent, below, expectedVersion);
      await categories.updateMany([after.category, ...after.below]);
      return after.category;
    }, signal);

/** @throws AppError `catalog.category_not_found`, `catalog.category_in_use` */
export const makeDeleteCategory =
  ({ uow }: Pick<EditCategoryDeps, "uow">) =>
  (categoryId: string, signal?: AbortSignal): Promise<void> =>
    uow.transact(async ({ categories }) => {
      await categories.lockTree();
      await categories.getById(categoryId);
      await categories.delete(categoryId);
    }, signal);
