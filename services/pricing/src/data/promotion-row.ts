import type { InferSelectModel } from "drizzle-orm";
import type { Promotion } from "../model/promotion.ts";
import type { PromotionTier } from "../model/promotion-tier.ts";
import { discountFromColumns, discountToColumns } from "./discount-row.ts";
import type { promotionTable } from "./schema.ts";

type Row = InferSelectModel<typeof promotionTable>;

/** A tier as JSON; amounts as text. */
export interface TierJson {
  readonly minQuantity: number | null;
  readonly minSpendMinor: string | null;
  readonly minSpendCurrency: string | null;
  readonly basisPoints: number | null;
  readonly amountMinor: string | null;
  readonly currency: string | null;
}

const tierToJson = ({ minQuantity, minSpend, discount }: PromotionTier): TierJson => {
  const { basisPoints, amountMinor, currency } = discountToColumns(discount);
  return {
    minQuantity: minQuantity ?? null,
    minSpendMinor: minSpend ? String(minSpend.minor) : null,
    minSpendCurrency: minSpend?.currency ?? null,
    basisPoints,
    amountMinor: amountMinor === null ? null : String(amountMinor),
    currency,
  };
};

export const tierFromJson = (json: TierJson): PromotionTier => {
  const { basisPoints, amountMinor, currency } = json;
  const discount = discountFromColumns({
    basisPoints,
    amountMinor: amountMinor === null ? null : BigInt(amountMinor),
    currency,
  });
  return json.minSpendMinor === null
    ? { minQuantity: json.minQuantity ?? 0, discount }
    : { minSpend: { currency: json.minSpendCurrency ?? "", minor: BigInt(json.minSpendMinor) }, discount };
};

export const promotionToRow = ({ discount, sellerId, productIds, minSpend, tiers, ...rest }: Promotion): Row => ({
  ...rest,
  ...discountToColumns(discount),
  productIds: [...productIds],
  sellerId: sellerId ?? null,
  minSpendMinor: minSpend?.minor ?? null,
  minSpendCurrency: minSpend?.currency ?? null,
  tiers: tiers.map(tierToJson),
});

export const promotionFromRow = ({
  basisPoints,
  amountMinor,
  currency,
  sellerId,
  minSpendMinor,
  minSpendCurrency,
  tiers,
  ...rest
}: Row): Promotion => ({
  ...rest,
  discount: discountFromColumns({ basisPoints, amountMinor, currency }),
  sellerId: sellerId ?? undefined,
  minSpend: minSpendMinor === null ? undefined : { currency: minSpendCurrency ?? "", minor: minSpendMinor },
  tiers: tiers.map(tierFromJson),
});
