import { type Money, multiplyMoney, subtractMoney, sumMoney, zeroMoney } from "@tandem/kernel";
import { type Discount, reductionOf } from "./discount.ts";
import { promotionEnded } from "./errors.ts";
import { type Basket, discountFor, type PromotionTier, reachesSpend } from "./promotion-tier.ts";

export type PromotionStatus = "SCHEDULED" | "ACTIVE" | "ENDED" | "DEACTIVATED";

/** A reduction per piece that everybody gets while it runs. */
export interface Promotion {
  readonly id: string;
  readonly name: string;
  readonly discount: Discount;
  /** Only these products; empty: all (of the seller, if one is named). */
  readonly productIds: readonly string[];
  readonly sellerId: string | undefined;
  /** Of one product, in a line. */
  readonly minQuantity: number;
  /** What all lines that it is for cost together, before promotions; undefined: any. */
  readonly minSpend: Money | undefined;
  /** Rising. */
  readonly tiers: readonly PromotionTier[];
  /** Inclusive. */
  readonly startsAt: Date;
  /** Exclusive. */
  readonly endsAt: Date;
  /** As far as it was announced: the activation job follows the clock by a minute at most. */
  readonly status: PromotionStatus;
  readonly version: bigint;
  readonly createdAt: Date;
}

/** What of a promotion decides about a price. One that was stopped by hand has no terms any more. */
export type PromotionTerms = Pick<
  Promotion,
  "id" | "discount" | "productIds" | "sellerId" | "minQuantity" | "minSpend" | "tiers" | "startsAt" | "endsAt"
>;

/** By the clock, not by what has been announced so far. */
export const statusAt = ({ status, startsAt, endsAt }: Promotion, now: Date): PromotionStatus => {
  if (status === "DEACTIVATED") return status;
  if (endsAt <= now) return "ENDED";
  return startsAt <= now ? "ACTIVE" : "SCHEDULED";
};

/** The status that the clock asks for, one version on. */
export const advance = (promotion: Promotion, now: Date): Promotion => ({
  ...promotion,
  status: statusAt(promotion, now),
  version: promotion.version + 1n,
});

/**
 * Stops it by hand. A stopped one comes back unchanged.
 * @throws AppError `pricing.promotion_ended`
 */
export const deactivate = (promotion: Promotion, now: Date): Promotion => {
  const status = statusAt(promotion, now);
  if (status === "DEACTIVATED") return promotion;
  if (status === "ENDED") throw promotionEnded(promotion.id);
  return { ...promotion, status: "DEACTIVATED", version: promotion.version + 1n };
};

export interface Priced {
  readonly productId: string;
  /** Undefined while catalog's news of the product is still under way: promotions of its seller wait for it. */
  readonly sellerId: string | undefined;
  readonly price: Money;
  readonly quantity: number;
}

export const appliesToProduct = (terms: PromotionTerms, productId: string, sellerId: string | undefined): boolean =>
  (terms.sellerId === undefined || terms.sellerId === sellerId) &&
  (terms.productIds.length === 0 || terms.productIds.includes(productId));

export const appliesTo = (terms: PromotionTerms, piece: Priced, now: Date): boolean =>
  terms.startsAt <= now &&
  now < terms.endsAt &&
  piece.quantity >= terms.minQuantity &&
  appliesToProduct(terms, piece.productId, piece.sellerId);

export interface Promoted {
  /** Off one piece. */
  readonly reduction: Money;
  /** What one piece costs then. */
  readonly price: Money;
  readonly promotionId: string | undefined;
}

/** Whether a shop shows the promotion with a single piece: one that asks for more of anything shows in baskets only. */
export const isShown = ({ minQuantity, minSpend }: Pick<PromotionTerms, "minQuantity" | "minSpend">): boolean =>
  minQuantity <= 1 && minSpend === undefined;

/** What of some pieces the promotion is for, taken together. */
export const basketOf = (terms: PromotionTerms, pieces: readonly Priced[], currency: string): Basket => {
  const own = pieces.filter(({ productId, sellerId }) => appliesToProduct(terms, productId, sellerId));
  return {
    quantity: own.reduce((sum, { quantity }) => sum + quantity, 0),
    spend: sumMoney(
      currency,
      own.map(({ price, quantity }) => multiplyMoney(price, quantity)),
    ),
  };
};

/**
 * The promotion that reduces most wins, the older one of two equals; they do not add up.
 * @param pieces all that is bought together; without them, what a shop shows for a single one
 */
export const promote = (
  promotions: readonly PromotionTerms[],
  piece: Priced,
  now: Date,
  pieces?: readonly Priced[],
): Promoted => {
  let best: { reduction: Money; promotionId: string } | undefined;
  for (const terms of promotions) {
    if (!appliesTo(terms, piece, now)) continue;
    const basket = pieces && basketOf(terms, pieces, piece.price.currency);
    if (terms.minSpend && !(basket && reachesSpend(basket.spend, terms.minSpend))) continue;
    const reduction = reductionOf(discountFor(terms.discount, terms.tiers, basket), piece.price);
    if (reduction.minor === 0n) continue;
    const ahead = best === undefined || reduction.minor > best.reduction.minor;
    // Ids are UUIDv7: the smaller one is the older one.
    const older = best?.reduction.minor === reduction.minor && terms.id < best.promotionId;
    if (ahead || older) best = { reduction, promotionId: terms.id };
  }
  if (!best) return { reduction: zeroMoney(piece.price.currency), price: piece.price, promotionId: undefined };
  return { ...best, price: subtractMoney(piece.price, best.reduction) };
};
