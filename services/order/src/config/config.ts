import { apiConfig, workerConfig } from "@tandem/chassis";
import { durationMs } from "@tandem/runtime";
import { z } from "zod";

const checkout = {
  SAGA_RESERVE_TIMEOUT_MS: durationMs({ min: 1_000 }).default(90_000),
  SAGA_AUTHORIZE_TIMEOUT_MS: durationMs({ min: 1_000 }).default(120_000),
};

export const orderApiConfig = apiConfig.extend({
  ...checkout,
  /** How long warehouse is asked to hold stock for a new order. */
  RESERVATION_TTL_MS: durationMs({ min: 10_000 }).default(1_800_000),
  /** Where pricing answers; absent: through the sidecar. */
  PRICING_URL: z.url().optional(),
  /** Longest time for a quote; less when the caller has less left. */
  PRICING_DEADLINE_MS: durationMs({ min: 50 }).default(2_000),
});

export const orderWorkerConfig = workerConfig.extend({
  ...checkout,
  /** Cash on delivery: time for second thoughts before the order is confirmed. */
  COD_CONFIRM_AFTER_MS: durationMs().default(60_000),
  CAPTURE_RETRY_AFTER_MS: durationMs({ min: 1_000 }).default(300_000),
  /** How long after the end of its reservation a pending order is cancelled by the job. */
  RESERVATION_GRACE_MS: durationMs().default(60_000),
});
