import type { Category } from "./category.ts";

export interface CategoryEvent {
  readonly type: "category.changed";
  readonly category: Category;
  readonly at: Date;
}

export const categoryChanged = (category: Category, at: Date): CategoryEvent => ({
  type: "category.changed",
  category,
  at,
});
