import { type CronJob, defineCronJob } from "@tandem/jobs";
import type { makeAdvancePromotions } from "../../biz/advance-promotions.ts";
import type { makeAnnouncePrices } from "../../biz/announce-prices.ts";

export interface PromotionActivationDeps {
  readonly advancePromotions: ReturnType<typeof makeAdvancePromotions>;
  readonly announcePrices: ReturnType<typeof makeAnnouncePrices>;
}

/** Every minute: switches promotions on and off and tells what their products cost now. Quotes follow the clock without it. */
export const promotionActivation = ({ advancePromotions, announcePrices }: PromotionActivationDeps): CronJob =>
  defineCronJob({
    name: "pricing.promotion-activation",
    description: "Starts and ends promotions, and announces the prices that they change",
    schedule: "0 * * * * *",
    timeoutMs: 50_000,
    run: async ({ signal }) => {
      const { started, ended } = await advancePromotions(signal);
      return { started, ended, announced: await announcePrices({}, signal) };
    },
  });
