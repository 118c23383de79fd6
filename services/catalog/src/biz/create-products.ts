import { AppError, type Clock } from "@tandem/kernel";
import { categoryNotFound, sellerSuspended, skuTaken } from "../model/errors.ts";
import { createProduct, type Product, type ProductFields } from "../model/product.ts";
import { productCreated } from "../model/product-events.ts";
import type { CatalogUnitOfWork } from "./ports.ts";

export interface CreateProductsDeps {
  readonly uow: CatalogUnitOfWork;
  readonly clock: Clock;
  readonly newId: () => string;
}

export interface CreateProductsInput {
  readonly sellerId: string;
  /** 1 to 100. */
  readonly products: readonly ProductFields[];
}

const isProduct = (outcome: Product | AppError): outcome is Product => !(outcome instanceof AppError);

/**
 * Creates each product, or says why not; those created and their `product.created` commit together, in a handful of statements
 * however many they are.
 * @throws AppError `catalog.seller_not_found`, `catalog.seller_suspended`: then none was created
 */
export const makeCreateProducts =
  ({ uow, clock, newId }: CreateProductsDeps) =>
  (
    { sellerId, products: wanted }: CreateProductsInput,
    signal?: AbortSignal,
  ): Promise<readonly (Product | AppError)[]> =>
    uow.transact(async ({ products, categories, sellers, outbox }) => {
      const seller = await sellers.getById(sellerId);
      if (seller.status === "SUSPENDED") throw sellerSuspended(sellerId);
      const now = clock.now();
      const categoryIds = [...new Set(wanted.flatMap(({ categoryId }) => categoryId ?? []))];
      const known = await categories.listExisting(categoryIds);
      const seen = new Set<string>();
      const drafts = wanted.map((fields): Product | AppError => {
        if (fields.categoryId && !known.has(fields.categoryId)) return categoryNotFound(fields.categoryId);
        if (seen.has(fields.sku)) return skuTaken(fields.sku);
        seen.add(fields.sku);
        return createProduct(newId(), sellerId, fields, now);
      });
      const created = await products.createMany(drafts.filter(isProduct));
      const outcomes = drafts.map((draft) =>
        draft instanceof AppError || created.has(draft.id) ? draft : skuTaken(draft.sku),
      );
      await outbox.add(...outcomes.filter(isProduct).map((product) => productCreated(product, now)));
      return outcomes;
    }, signal);
