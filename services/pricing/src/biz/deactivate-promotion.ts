import type { Clock } from "@tandem/kernel";
import { promotionNotFound } from "../model/errors.ts";
import { deactivate, type Promotion, statusAt } from "../model/promotion.ts";
import type { PriceSource, PricingUnitOfWork } from "./ports.ts";

export interface DeactivatePromotionDeps {
  readonly uow: PricingUnitOfWork;
  readonly source: Pick<PriceSource, "forget">;
  readonly clock: Clock;
}

export interface DeactivatePromotionInput {
  readonly promotionId: string;
  readonly mayActForSeller: (sellerId: string) => boolean;
}

/**
 * Ends a promotion now and queues its products for announcement. Idempotent: a stopped one comes back unchanged.
 * @throws AppError `pricing.promotion_not_found`, `pricing.promotion_ended`
 */
export const makeDeactivatePromotion =
  ({ uow, source, clock }: DeactivatePromotionDeps) =>
  async ({ promotionId, mayActForSeller }: DeactivatePromotionInput, signal?: AbortSignal): Promise<Promotion> => {
    const stopped = await uow.transact(async ({ promotions, announcements }) => {
      const before = await promotions.lockById(promotionId);
      if (!before || !mayActForSeller(before.sellerId ?? "")) throw promotionNotFound(promotionId);
      const now = clock.now();
      const after = deactivate(before, now);
      if (after === before) return before;
      await promotions.updateStatus([after]);
      if (statusAt(before, now) === "ACTIVE") await announcements.queueForPromotion(after, "PROMOTION_ENDED", now);
      return after;
    }, signal);
    source.forget();
    return stopped;
  };
