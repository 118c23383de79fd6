import type { CurrentPrice } from "./price.ts";

export type PriceChangeCause = "SET" | "PROMOTION_STARTED" | "PROMOTION_ENDED";

/** All that a product costs now, in every default list; `events/` puts it into proto. */
export interface PricingEvent {
  readonly type: "price.changed";
  readonly productId: string;
  /** The product's prices count up together. */
  readonly version: bigint;
  readonly prices: readonly CurrentPrice[];
  readonly cause: PriceChangeCause;
  readonly at: Date;
}

export const priceChanged = (event: Omit<PricingEvent, "type">): PricingEvent => ({ type: "price.changed", ...event });
