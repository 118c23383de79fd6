import type { Clock } from "@tandem/kernel";
import { advance } from "../model/promotion.ts";
import type { PricingUnitOfWork } from "./ports.ts";

export interface AdvancePromotionsDeps {
  readonly uow: PricingUnitOfWork;
  readonly clock: Clock;
  /** Promotions per transaction, 1 to 1000; default 50. */
  readonly batchSize?: number;
}

export interface Advanced {
  readonly started: number;
  readonly ended: number;
}

/** Brings promotions to the status that the clock asks for, and queues the products concerned in the same transaction. */
export const makeAdvancePromotions =
  ({ uow, clock, batchSize = 50 }: AdvancePromotionsDeps) =>
  async (signal?: AbortSignal): Promise<Advanced> => {
    let started = 0;
    let ended = 0;
    const advanceBatch = () =>
      uow.transact(async ({ promotions, announcements }) => {
        const now = clock.now();
        const due = await promotions.lockDue(now, batchSize);
        const counts = { taken: due.length, started: 0, ended: 0 };
        if (due.length === 0) return counts;
        const after = due.map((promotion) => advance(promotion, now));
        await promotions.updateStatus(after);
        for (const [at, promotion] of after.entries()) {
          const before = due[at]?.status;
          if (promotion.status === "ACTIVE") {
            counts.started += 1;
            await announcements.queueForPromotion(promotion, "PROMOTION_STARTED", now);
          } else {
            counts.ended += 1;
            // One that came and went while nobody was working was never announced: nothing to take back.
            if (before === "ACTIVE") await announcements.queueForPromotion(promotion, "PROMOTION_ENDED", now);
          }
        }
        return counts;
      }, signal);

    for (let taken = batchSize; taken === batchSize && !signal?.aborted; ) {
      const counts = await advanceBatch();
      taken = counts.taken;
      started += counts.started;
      ended += counts.ended;
    }
    return { started, ended };
  };
