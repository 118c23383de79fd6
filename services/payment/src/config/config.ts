import { apiConfig, workerConfig } from "@tandem/chassis";
import { durationMs, integer } from "@tandem/runtime";

export const paymentApiConfig = apiConfig;

export const paymentWorkerConfig = workerConfig.extend({
  /** Longest wait for one answer of the card provider. */
  PROVIDER_TIMEOUT_MS: durationMs({ min: 50 }).default(2_000),
  /** Calls to the provider at once. */
  PROVIDER_CONCURRENCY: integer({ min: 1, max: 200 }).default(16),
});
