import { CategoryChangedSchema } from "@tandem/contracts/catalog";
import { type Consumer, defineConsumer } from "@tandem/messaging";
import type { makeFollowCategory } from "../../biz/put-documents.ts";

/**
 * Takes a category to its place in the tree, and what lies in it along. Early, before its products: kept. Again or too late: an older version changes
 * nothing. A new name is none of the index's business.
 */
export const onCategoryChanged = (deps: { readonly followCategory: ReturnType<typeof makeFollowCategory> }): Consumer =>
  defineConsumer({
    name: "search.on-category-changed",
    event: CategoryChangedSchema,
    handle: async ({ categoryId, aggregateVersion, category }, { signal }) => {
      await deps.followCategory(categoryId, aggregateVersion, category?.path ?? [], signal);
    },
  });
