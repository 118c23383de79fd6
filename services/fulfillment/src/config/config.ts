import { apiConfig, workerConfig } from "@tandem/chassis";
import { durationMs } from "@tandem/runtime";

const HOUR_MS = 3_600_000;

export const fulfillmentApiConfig = apiConfig;

export const fulfillmentWorkerConfig = workerConfig.extend({
  /** The simulated crew: how long work lies before it is picked, and again before it is packed. 0: no crew, people call the RPCs. */
  CREW_DELAY_MS: durationMs().default(0),
  /** In one status for so long: reported. */
  STALE_AFTER_MS: durationMs({ min: 1_000 }).default(24 * HOUR_MS),
  /** In one status for so long: flagged for a person. */
  STALE_FLAG_AFTER_MS: durationMs({ min: 1_000 }).default(72 * HOUR_MS),
});
