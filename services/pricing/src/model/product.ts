export type ProductStatus = "DRAFT" | "ACTIVE" | "ARCHIVED";

/** What prices need to know of catalog's product. */
export interface Product {
  readonly productId: string;
  readonly sellerId: string;
  readonly sku: string;
  readonly name: string;
  readonly taxCategory: string;
  readonly status: ProductStatus;
  /** Catalog's aggregate version. */
  readonly version: bigint;
}

/** What remains of a deleted product: enough to refuse it, and to ignore news that are older than its end. */
export const tombstone = (productId: string, sellerId: string, version: bigint): Product => ({
  productId,
  sellerId,
  sku: "",
  name: "",
  taxCategory: STANDARD_TAX,
  status: "ARCHIVED",
  version,
});

/** The category of products that name none, and the rate that a country falls back on. */
export const STANDARD_TAX = "standard";
