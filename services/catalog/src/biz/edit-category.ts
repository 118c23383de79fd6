import type { Clock } from "@tandem/kernel";
import { type Category, createCategory, updateCategory } from "../model/category.ts";
import { categoryChanged } from "../model/category-events.ts";
import type { CatalogUnitOfWork } from "./ports.ts";

export interface EditCategoryDeps {
  readonly uow: CatalogUnitOfWork;
  readonly clock: Clock;
  readonly newId: () => string;
}

export interface CategoryFields extends Pick<Category, "name" | "slug"> {
  readonly parentId: string | undefined;
}

/** @throws AppError `catalog.category_not_found` (the parent), `catalog.slug_taken` */
export const makeCreateCategory =
  ({ uow, clock, newId }: EditCategoryDeps) =>
  ({ parentId, ...fields }: CategoryFields, signal?: AbortSignal): Promise<Category> =>
    uow.transact(async ({ categories, outbox }) => {
      if (parentId) await categories.lockTree();
      const parent = parentId ? await categories.getById(parentId) : undefined;
      const category = createCategory(newId(), fields, parent);
      await categories.create(category);
      await outbox.add(categoryChanged(category, clock.now()));
      return category;
    }, signal);

export interface UpdateCategoryInput extends CategoryFields {
  readonly categoryId: string;
  readonly expectedVersion: bigint;
}

/** Renames or moves a category with all below it. @throws AppError `catalog.category_not_found`, `.category_cycle`, `.slug_taken`, `.version_conflict` */
export const makeUpdateCategory =
  ({ uow, clock }: Omit<EditCategoryDeps, "newId">) =>
  (
    { categoryId, parentId, expectedVersion, ...fields }: UpdateCategoryInput,
    signal?: AbortSignal,
  ): Promise<Category> =>
    uow.transact(async ({ categories, outbox }) => {
      await categories.lockTree();
      const before = await categories.getById(categoryId);
      const parent = parentId ? await categories.getById(parentId) : undefined;
      const below = await categories.listBelow(categoryId);
      const after = updateCategory(before, fields, parent, below, expectedVersion);
      const changed = [after.category, ...after.below];
      await categories.updateMany(changed);
      const now = clock.now();
      await outbox.add(...changed.map((category) => categoryChanged(category, now)));
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
