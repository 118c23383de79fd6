import { AppError } from "@tandem/kernel";

export const productNotFound = (productId: string) =>
  new AppError("not_found", "catalog.product_not_found", `There is no product ${productId}.`);

export const categoryNotFound = (categoryId: string) =>
  new AppError("not_found", "catalog.category_not_found", `There is no category ${categoryId}.`, {
    details: [{ field: "categoryId", rule: "exists", message: "unknown category" }],
  });

export const sellerNotFound = (sellerId: string) =>
  new AppError("not_found", "catalog.seller_not_found", `There is no seller ${sellerId}.`, {
    details: [{ field: "sellerId", rule: "exists", message: "unknown seller" }],
  });

export const listingNotFound = (productId: string) =>
  new AppError("not_found", "catalog.listing_not_found", `Product ${productId} is not listed.`);

export const sellerSuspended = (sellerId: string) =>
  new AppError("failed_precondition", "catalog.seller_suspended", `Seller ${sellerId} is suspended.`);

export const skuTaken = (sku: string) =>
  new AppError("already_exists", "catalog.sku_taken", `The seller has a product ${sku} already.`, {
    details: [{ field: "product.sku", rule: "unique", message: "taken" }],
  });

export const slugTaken = (slug: string) =>
  new AppError("already_exists", "catalog.slug_taken", `The slug ${slug} is taken.`, {
    details: [{ field: "slug", rule: "unique", message: "taken" }],
  });

export const productArchived = (productId: string) =>
  new AppError("failed_precondition", "catalog.product_archived", `Product ${productId} is archived for good.`);

export const versionConflict = (what: string, current: bigint) =>
  new AppError("conflict", "catalog.version_conflict", `The ${what} was changed meanwhile: read it again.`, {
    retryable: false,
    details: [{ field: "version", rule: "current", message: `the current version is ${current}` }],
  });

export const categoryCycle = (categoryId: string) =>
  new AppError("failed_precondition", "catalog.category_cycle", `Category ${categoryId} cannot be below itself.`, {
    details: [{ field: "parentId", rule: "acyclic", message: "is the category itself or below it" }],
  });

export const categoryInUse = (categoryId: string) =>
  new AppError(
    "failed_precondition",
    "catalog.category_in_use",
    `Category ${categoryId} has products or categories in it.`,
  );
