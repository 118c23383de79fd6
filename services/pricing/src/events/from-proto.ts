import { timestampDate } from "@bufbuild/protobuf/wkt";
import { enumName } from "@tandem/contracts";
import { type Product as ProtoProduct, ProductStatus as ProtoProductStatus } from "@tandem/contracts/catalog";
import { moneyFromProto } from "@tandem/contracts/common";
import {
  type Discount as ProtoDiscount,
  PromotionStatus as ProtoPromotionStatus,
  type PromotionTier as ProtoPromotionTier,
  type SetPriceRequest,
} from "@tandem/contracts/pricing";
import { AppError } from "@tandem/kernel";
import type { Discount } from "../model/discount.ts";
import { type Product, type ProductStatus, STANDARD_TAX } from "../model/product.ts";
import type { PromotionStatus } from "../model/promotion.ts";
import type { PromotionTier } from "../model/promotion-tier.ts";

/** An event without what its contract promises: nothing will make it right, so it becomes a dead letter at once. */
const incomplete = (productId: string, field: string) =>
  new AppError("invalid_argument", "event.incomplete", `The event about product ${productId} lacks ${field}.`, {
    details: [{ field, rule: "required", message: "missing" }],
  });

const productStatuses: ReadonlySet<string> = new Set<ProductStatus>(["DRAFT", "ACTIVE", "ARCHIVED"]);

/** A status of a newer catalog counts as not for sale. @throws AppError `event.incomplete` */
export const productFromProto = (productId: string, version: bigint, product: ProtoProduct | undefined): Product => {
  if (!product) throw incomplete(productId, "product");
  if (!product.sellerId) throw incomplete(productId, "product.seller_id");
  const status = enumName(ProtoProductStatus, product.status);
  return {
    productId,
    sellerId: product.sellerId,
    sku: product.sku,
    name: product.name,
    taxCategory: product.taxCategory || STANDARD_TAX,
    status: productStatuses.has(status) ? (status as ProductStatus) : "DRAFT",
    version,
  };
};

/** @throws AppError `request.invalid`; the contract's own rules refuse it first */
export const discountFromProto = (discount: ProtoDiscount | undefined): Discount => {
  switch (discount?.kind.case) {
    case "basisPoints":
      return { kind: "PERCENT", basisPoints: discount.kind.value };
    case "amount":
      return { kind: "AMOUNT", amount: moneyFromProto(discount.kind.value) };
    default:
      throw new AppError("invalid_argument", "request.invalid", "A discount is of a share or of an amount.", {
        details: [{ field: "discount", rule: "required", message: "missing" }],
      });
  }
};

export const tierFromProto = ({ threshold, discount }: ProtoPromotionTier): PromotionTier =>
  threshold.case === "minSpend"
    ? { minSpend: moneyFromProto(threshold.value), discount: discountFromProto(discount) }
    : { minQuantity: threshold.value ?? 0, discount: discountFromProto(discount) };

/** Undefined for UNSPECIFIED: any. */
export const promotionStatusFromProto = (status: ProtoPromotionStatus): PromotionStatus | undefined =>
  status === ProtoPromotionStatus.UNSPECIFIED ? undefined : (enumName(ProtoPromotionStatus, status) as PromotionStatus);

export const wantedPriceFromProto = ({ productId, priceListId, amount }: SetPriceRequest) => ({
  productId,
  priceListId: priceListId || undefined,
  amount: moneyFromProto(amount),
});

export const dateFromProto = (at: Parameters<typeof timestampDate>[0] | undefined): Date | undefined =>
  at && timestampDate(at);
