import type { Price } from "../model/price.ts";
import type { Product } from "../model/product.ts";
import type { PromotionTerms } from "../model/promotion.ts";
import { discountFromColumns } from "./discount-row.ts";
import { type TierJson, tierFromJson } from "./promotion-row.ts";

// What prices are made of travels as JSON in one row, so that one statement is one snapshot. Whole numbers are text in it: JSON
// readers would round them.

/** Of the product in scope as `p`, null when catalog's news of it have not arrived. */
export const productJson = `
  case when p.product_id is null then null else jsonb_build_object(
    'productId', p.product_id, 'sellerId', p.seller_id, 'sku', p.sku, 'name', p.name,
    'taxCategory', p.tax_category, 'status', p.status, 'version', p.version::text) end`;

/**
 * A parameter that the planner does not look into. Of a short list of products it would else think that a plan for exactly those is cheaper than one
 * for all callers, and plan the statement anew each time: twice what reading takes.
 */
export const given = (parameter: string): string => `(select ${parameter})`;
const wanted = given("$1::uuid[]");

/** Every promotion that may touch the products $1, now or later, of those that are not over at $2. */
export const promotionsJson = `
  (select coalesce(jsonb_agg(jsonb_build_object(
      'id', m.id, 'basisPoints', m.basis_points, 'amountMinor', m.amount_minor::text, 'currency', m.currency,
      'productIds', m.product_ids, 'sellerId', m.seller_id, 'minQuantity', m.min_quantity,
      'minSpendMinor', m.min_spend_minor::text, 'minSpendCurrency', m.min_spend_currency, 'tiers', m.tiers,
      'startsAt', m.starts_at, 'endsAt', m.ends_at)), '[]')
   from promotion m
   where m.status in ('SCHEDULED', 'ACTIVE') and m.ends_at > ${given("$2::timestamptz")}
     and (m.product_ids = '{}' or m.product_ids && ${wanted})
     and (m.seller_id is null or m.seller_id = any(array(select seller_id from product where product_id = any(${wanted}::uuid[])))))`;

export interface ProductJson extends Omit<Product, "version"> {
  readonly version: string;
}

export interface PromotionJson {
  readonly id: string;
  readonly basisPoints: number | null;
  readonly amountMinor: string | null;
  readonly currency: string | null;
  readonly productIds: readonly string[];
  readonly sellerId: string | null;
  readonly minQuantity: number;
  readonly minSpendMinor: string | null;
  readonly minSpendCurrency: string | null;
  readonly tiers: readonly TierJson[];
  readonly startsAt: string;
  readonly endsAt: string;
}

export interface PriceJson {
  readonly priceListId: string;
  readonly isDefault: boolean;
  readonly currency: string;
  readonly amountMinor: string;
  readonly version: string;
  readonly updatedAt: string;
}

export const productFromJson = (json: ProductJson | null): Product | undefined =>
  json ? { ...json, version: BigInt(json.version) } : undefined;

export const promotionFromJson = (json: PromotionJson): PromotionTerms => ({
  id: json.id,
  discount: discountFromColumns({
    basisPoints: json.basisPoints,
    amountMinor: json.amountMinor === null ? null : BigInt(json.amountMinor),
    currency: json.currency,
  }),
  productIds: json.productIds,
  sellerId: json.sellerId ?? undefined,
  minQuantity: json.minQuantity,
  minSpend:
    json.minSpendMinor === null
      ? undefined
      : { currency: json.minSpendCurrency ?? "", minor: BigInt(json.minSpendMinor) },
  tiers: json.tiers.map(tierFromJson),
  startsAt: new Date(json.startsAt),
  endsAt: new Date(json.endsAt),
});

export const priceFromJson = (productId: string, json: PriceJson): Price => ({
  productId,
  priceListId: json.priceListId,
  isDefault: json.isDefault,
  amount: { currency: json.currency, minor: BigInt(json.amountMinor) },
  version: BigInt(json.version),
  updatedAt: new Date(json.updatedAt),
});
