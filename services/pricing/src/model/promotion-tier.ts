import { compareMoney, type Money } from "@tandem/kernel";
import type { Discount } from "./discount.ts";
import { tiersInvalid } from "./errors.ts";

/** From a number of pieces, or from a sum on, another discount takes the place of the promotion's own. */
export type PromotionTier = {
  readonly discount: Discount;
} & (
  | { readonly minQuantity: number; readonly minSpend?: undefined }
  | { readonly minQuantity?: undefined; readonly minSpend: Money }
);

/** What an order holds of the products that a promotion is for, all lines together, before promotions. */
export interface Basket {
  readonly quantity: number;
  readonly spend: Money;
}

/** A sum in another currency reaches nothing. */
export const reachesSpend = (spend: Money, least: Money): boolean =>
  spend.currency === least.currency && spend.minor >= least.minor;

const reached = (tier: PromotionTier, { quantity, spend }: Basket): boolean =>
  tier.minSpend ? reachesSpend(spend, tier.minSpend) : quantity >= tier.minQuantity;

/** The discount of the highest tier that the basket reaches; below the first, the promotion's own. */
export const discountFor = (own: Discount, tiers: readonly PromotionTier[], basket: Basket | undefined): Discount =>
  (basket && tiers.findLast((tier) => reached(tier, basket))?.discount) ?? own;

const isMore = (a: Discount, b: Discount): boolean => {
  if (a.kind === "PERCENT" && b.kind === "PERCENT") return b.basisPoints > a.basisPoints;
  if (a.kind === "AMOUNT" && b.kind === "AMOUNT") {
    return a.amount.currency === b.amount.currency && compareMoney(b.amount, a.amount) > 0;
  }
  return false;
};

const isFurther = (a: PromotionTier, b: PromotionTier): boolean => {
  if (a.minSpend && b.minSpend)
    return a.minSpend.currency === b.minSpend.currency && b.minSpend.minor > a.minSpend.minor;
  return a.minQuantity !== undefined && b.minQuantity !== undefined && b.minQuantity > a.minQuantity;
};

/**
 * Who buys more never gets less off: thresholds of one kind, rising, and discounts of the promotion's own kind, rising with them.
 * @throws AppError `pricing.tiers_invalid`
 */
export const checkTiers = (own: Discount, tiers: readonly PromotionTier[]): void => {
  for (const [at, tier] of tiers.entries()) {
    const before = tiers[at - 1];
    if (before && !isFurther(before, tier)) throw tiersInvalid(at, "threshold");
    if (!isMore(before?.discount ?? own, tier.discount)) throw tiersInvalid(at, "discount");
  }
};
