import { apiConfig, workerConfig } from "@tandem/chassis";
import { durationMs } from "@tandem/runtime";
import { z } from "zod";

export const warehouseApiConfig = apiConfig.extend({
  /** Life of a reservation that a call makes without saying until when. */
  RESERVATION_TTL_MS: durationMs({ min: 1_000 }).default(900_000),
});

export const warehouseWorkerConfig = workerConfig.extend({
  /** What the nightly reconciliation does with a drift: shows it to people, or mends it as well. */
  STOCK_RECONCILIATION: z.enum(["report", "repair"]).default("report"),
});
