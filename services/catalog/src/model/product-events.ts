import type { Product } from "./product.ts";

export type ProductEvent =
  | { readonly type: "product.created"; readonly product: Product; readonly at: Date }
  | { readonly type: "product.updated"; readonly product: Product; readonly at: Date }
  | { readonly type: "product.deleted"; readonly product: Product; readonly at: Date };

export const productCreated = (product: Product, at: Date): ProductEvent => ({ type: "product.created", product, at });
export const productUpdated = (product: Product, at: Date): ProductEvent => ({ type: "product.updated", product, at });
export const productDeleted = (product: Product, at: Date): ProductEvent => ({ type: "product.deleted", product, at });
