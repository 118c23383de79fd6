import { productArchived, versionConflict } from "./errors.ts";

export type ProductStatus = "DRAFT" | "ACTIVE" | "ARCHIVED";

/** What a seller may write of a product. */
export interface ProductFields {
  readonly sku: string;
  readonly name: string;
  readonly description: string;
  /** Undefined: in no category. */
  readonly categoryId?: string | undefined;
  readonly attributes: Readonly<Record<string, string>>;
  readonly imageUrls: readonly string[];
  readonly taxCategory: string;
  readonly status: Exclude<ProductStatus, "ARCHIVED">;
}

/** One thing that one seller sells. Its price is pricing's, its stock the warehouse's. */
export interface Product extends Omit<ProductFields, "status"> {
  readonly id: string;
  readonly sellerId: string;
  readonly status: ProductStatus;
  readonly createdAt: Date;
  readonly updatedAt: Date;
  readonly version: bigint;
}

export const createProduct = (id: string, sellerId: string, fields: ProductFields, now: Date): Product => ({
  ...fields,
  id,
  sellerId,
  createdAt: now,
  updatedAt: now,
  version: 1n,
});

/**
 * Replaces everything that can be edited.
 * @throws AppError `catalog.version_conflict`, `catalog.product_archived`
 */
export const updateProduct = (product: Product, fields: ProductFields, expectedVersion: bigint, now: Date): Product => {
  if (product.status === "ARCHIVED") throw productArchived(product.id);
  if (product.version !== expectedVersion) throw versionConflict("product", product.version);
  return { ...product, ...fields, categoryId: fields.categoryId, updatedAt: now, version: product.version + 1n };
};

/** For good: orders still name it, nobody can order it. An archived product comes back unchanged. */
export const archiveProduct = (product: Product, now: Date): Product =>
  product.status === "ARCHIVED"
    ? product
    : { ...product, status: "ARCHIVED", updatedAt: now, version: product.version + 1n };
