import { apiConfig, workerConfig } from "@tandem/chassis";
import { durationMs } from "@tandem/runtime";

export const warehouseApiConfig = apiConfig.extend({
  /** Life of a reservation that a call makes without saying until when. */
  RESERVATION_TTL_MS: durationMs({ min: 1_000 }).default(900_000),
});

export const warehouseWorkerConfig = workerConfig;
