import { apiConfig, workerConfig } from "@tandem/chassis";
import { durationMs, integer, secret } from "@tandem/runtime";

export const paymentApiConfig = apiConfig.extend({
  /** What the card provider signs its webhooks with. Without it none is taken. */
  PROVIDER_WEBHOOK_SECRET: secret({ minLength: 16 }).optional(),
});

export const paymentWorkerConfig = workerConfig.extend({
  /** Longest wait for one answer of the card provider. */
  PROVIDER_TIMEOUT_MS: durationMs({ min: 50 }).default(2_000),
  /** Calls to the provider at once. */
  PROVIDER_CONCURRENCY: integer({ min: 1, max: 200 }).default(16),
  /** How long the outcome of an operation may stay unknown before it is left to a person. */
  OPERATION_GIVE_UP_MS: durationMs({ min: 1_000 }).default(86_400_000),
  /** How long a refund that was refused waits before it is asked for again; twice as long after each further refusal, a day at most. */
  REFUND_RETRY_PAUSE_MS: durationMs({ min: 1_000 }).default(300_000),
  /** How often a refund is asked for in all, before it is left to a person. */
  REFUND_MAX_TRIES: integer({ min: 1, max: 50 }).default(10),
});
