import { apiConfig, workerConfig } from "@tandem/chassis";
import { durationMs } from "@tandem/runtime";

export const pricingApiConfig = apiConfig.extend({
  /** How long a quote binds. */
  QUOTE_TTL_MS: durationMs({ min: 1_000 }).default(900_000),
  /** How much longer a checkout's quote holds its voucher: as late as `order.created` may come. */
  VOUCHER_GRACE_MS: durationMs().default(900_000),
  /** How old a price that is shown may be when another replica changed it; 0: no cache. Quotes never come from it. */
  PRICE_CACHE_TTL_MS: durationMs({ max: 60_000 }).default(2_000),
});

export const pricingWorkerConfig = workerConfig.extend({
  /** How long an expired quote can still be read. */
  QUOTE_KEEP_MS: durationMs({ min: 60_000 }).default(604_800_000),
});
