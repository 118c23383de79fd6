import type { Clock } from "@tandem/kernel";
import { categoryNotFound, productNotFound } from "../model/errors.ts";
import { archiveProduct, type Product, type ProductFields, updateProduct } from "../model/product.ts";
import { productDeleted, productUpdated } from "../model/product-events.ts";
import type { CatalogUnitOfWork } from "./ports.ts";

export interface EditProductDeps {
  readonly uow: CatalogUnitOfWork;
  readonly clock: Clock;
}

export interface UpdateProductInput {
  readonly productId: string;
  readonly fields: ProductFields;
  readonly expectedVersion: bigint;
  readonly mayActForSeller: (sellerId: string) => boolean;
}

/**
 * Replaces a product's fields and queues `product.updated`.
 * @throws AppError `catalog.product_not_found`, `catalog.product_archived`, `catalog.version_conflict`, `catalog.category_not_found`, `catalog.sku_taken`
 */
export const makeUpdateProduct =
  ({ uow, clock }: EditProductDeps) =>
  (
    { productId, fields, expectedVersion, mayActForSeller }: UpdateProductInput,
    signal?: AbortSignal,
  ): Promise<Product> =>
    uow.transact(async ({ products, categories, outbox }) => {
      const before = await products.lockById(productId);
      if (!mayActForSeller(before.sellerId)) throw productNotFound(productId);
      const { categoryId } = fields;
      if (categoryId && !(await categories.listExisting([categoryId])).has(categoryId))
        throw categoryNotFound(categoryId);
      const now = clock.now();
      const after = updateProduct(before, fields, expectedVersion, now);
      await products.update(after);
      await outbox.add(productUpdated(after, now));
      return after;
    }, signal);

export interface ArchiveProductInput {
  readonly productId: string;
  readonly mayActForSeller: (sellerId: string) => boolean;
}

/** Archives a product and queues `product.deleted`. Idempotent. @throws AppError `catalog.product_not_found` */
export const makeArchiveProduct =
  ({ uow, clock }: EditProductDeps) =>
  ({ productId, mayActForSeller }: ArchiveProductInput, signal?: AbortSignal): Promise<Product> =>
    uow.transact(async ({ products, outbox }) => {
      const before = await products.lockById(productId);
      if (!mayActForSeller(before.sellerId)) throw productNotFound(productId);
      const now = clock.now();
      const after = archiveProduct(before, now);
      if (after === before) return before;
      await products.update(after);
      await outbox.add(productDeleted(after, now));
      return after;
    }, signal);
