import { categoryCycle, versionConflict } from "./errors.ts";

export interface Category {
  readonly id: string;
  /** Undefined: a top category. */
  readonly parentId?: string | undefined;
  readonly name: string;
  /** For URLs, unique. */
  readonly slug: string;
  /** The ids from the top down to this one: a subtree is all rows whose path contains its root. */
  readonly path: readonly string[];
  readonly version: bigint;
}

export const createCategory = (
  id: string,
  fields: Pick<Category, "name" | "slug">,
  parent: Category | undefined,
): Category => ({ ...fields, id, parentId: parent?.id, path: [...(parent?.path ?? []), id], version: 1n });

/**
 * Renames or moves a category; its subtree moves with it.
 * @returns the category, and those below it that are changed by it: their paths, when it moves
 * @throws AppError `catalog.version_conflict`, `catalog.category_cycle`
 */
export const updateCategory = (
  category: Category,
  change: Pick<Category, "name" | "slug">,
  parent: Category | undefined,
  below: readonly Category[],
  expectedVersion: bigint,
): { readonly category: Category; readonly below: readonly Category[] } => {
  if (category.version !== expectedVersion) throw versionConflict("category", category.version);
  if (parent?.path.includes(category.id)) throw categoryCycle(category.id);
  const path = [...(parent?.path ?? []), category.id];
  const moved = path.join() === category.path.join() ? [] : below;
  return {
    category: { ...category, ...change, parentId: parent?.id, path, version: category.version + 1n },
    below: moved.map((one) => ({
      ...one,
      path: [...path, ...one.path.slice(category.path.length)],
      version: one.version + 1n,
    })),
  };
};
