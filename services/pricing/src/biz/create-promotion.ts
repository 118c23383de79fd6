import type { Clock, Money } from "@tandem/kernel";
import type { Discount } from "../model/discount.ts";
import { periodInvalid, productUnknown } from "../model/errors.ts";
import { type Promotion, statusAt } from "../model/promotion.ts";
import { checkTiers, type PromotionTier } from "../model/promotion-tier.ts";
import type { PriceSource, PricingUnitOfWork } from "./ports.ts";

export interface CreatePromotionDeps {
  readonly uow: PricingUnitOfWork;
  readonly source: Pick<PriceSource, "forget">;
  readonly clock: Clock;
  readonly newId: () => string;
}

export interface CreatePromotionInput {
  readonly name: string;
  readonly discount: Discount;
  readonly productIds: readonly string[];
  /** Undefined: of every seller. */
  readonly sellerId: string | undefined;
  readonly minQuantity: number;
  readonly minSpend: Money | undefined;
  readonly tiers: readonly PromotionTier[];
  /** Undefined: now. */
  readonly startsAt: Date | undefined;
  readonly endsAt: Date;
  /** Whether the caller may reduce this seller's products; asked with "" for a product not known yet. */
  readonly mayActForSeller: (sellerId: string) => boolean;
}

/**
 * Creates a promotion. One that runs at once queues the products it concerns in the same transaction; the activation job
 * announces them, if the caller does not sooner.
 * @throws AppError `pricing.product_unknown` for products of others, `pricing.period_invalid`, `pricing.tiers_invalid`
 */
export const makeCreatePromotion =
  ({ uow, source, clock, newId }: CreatePromotionDeps) =>
  async (input: CreatePromotionInput, signal?: AbortSignal): Promise<Promotion> => {
    const { mayActForSeller, startsAt, ...terms } = input;
    const now = clock.now();
    const draft: Promotion = {
      ...terms,
      id: newId(),
      startsAt: startsAt ?? now,
      status: "SCHEDULED",
      version: 1n,
      createdAt: now,
    };
    if (draft.endsAt <= draft.startsAt || draft.endsAt <= now) throw periodInvalid();
    checkTiers(draft.discount, draft.tiers);
    const promotion = { ...draft, status: statusAt(draft, now) };
    await uow.transact(async ({ products, promotions, announcements }) => {
      if (promotion.productIds.length > 0) {
        const known = new Map((await products.listByIds(promotion.productIds)).map((one) => [one.productId, one]));
        const foreign = promotion.productIds.find((id) => !mayActForSeller(known.get(id)?.sellerId ?? ""));
        if (foreign !== undefined) throw productUnknown(foreign);
      }
      await promotions.create(promotion);
      if (promotion.status === "ACTIVE") {
        await announcements.queueForPromotion(promotion, "PROMOTION_STARTED", now);
      }
    }, signal);
    source.forget();
    return promotion;
  };
