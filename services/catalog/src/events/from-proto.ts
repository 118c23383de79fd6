import { type ProductInput, ProductStatus } from "@tandem/contracts/catalog";
import type { ProductFields } from "../model/product.ts";

/** What a caller wrote, with the defaults that the contract promises. */
export const productFieldsFromProto = (input: ProductInput | undefined): ProductFields => ({
  sku: input?.sku ?? "",
  name: input?.name ?? "",
  description: input?.description ?? "",
  categoryId: input?.categoryId || undefined,
  attributes: { ...input?.attributes },
  imageUrls: [...(input?.imageUrls ?? [])],
  taxCategory: input?.taxCategory || "standard",
  status: input?.status === ProductStatus.DRAFT ? "DRAFT" : "ACTIVE",
});
