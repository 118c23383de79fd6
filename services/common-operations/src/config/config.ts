import { apiConfig, workerConfig } from "@tandem/chassis";
import { serviceCatalogue } from "@tandem/contracts";
import { durationMs, integer } from "@tandem/runtime";
import { z } from "zod";

const contexts = new Set<string>(serviceCatalogue.map(({ context }) => context));

const shared = {
  /** Where contexts answer, `order=http://127.0.0.1:8001,catalog=...`; those that are not named: through the sidecar. */
  CONTEXT_URLS: z
    .string()
    .default("")
    .transform(
      (text) =>
        new Map(
          text
            .split(",")
            .filter(Boolean)
            .map((pair) => pair.split("=", 2) as [string, string]),
        ),
    )
    .refine(
      (urls) => [...urls].every(([context, url]) => contexts.has(context) && URL.canParse(url)),
      "context=url,...",
    ),
  /** How long one context may take to answer when all are asked. */
  FAN_OUT_DEADLINE_MS: durationMs({ min: 100, max: 30_000 }).default(5_000),
  /** Contexts that are asked at a time. */
  FAN_OUT_CONCURRENCY: integer({ min: 1, max: 50 }).default(6),
  /** Largest file, in bytes. */
  FILE_MAX_BYTES: integer({ min: 1_000, max: 268_435_456 }).default(16_777_216),
  /** How long files are kept: what was uploaded, exports, lists of refused rows. */
  FILE_RETAIN_MS: durationMs({ min: 60_000 }).default(7 * 86_400_000),
};

export const commonOperationsApiConfig = apiConfig.extend(shared);

export const commonOperationsWorkerConfig = workerConfig.extend({
  ...shared,
  /** How long events stay in the timeline. */
  TIMELINE_RETAIN_MS: durationMs({ min: 3_600_000 }).default(90 * 86_400_000),
  /** How long tasks and what became of their items are kept after their end. */
  TASK_RETAIN_MS: durationMs({ min: 3_600_000 }).default(30 * 86_400_000),
  /** How long a task is left to a worker that does not say that it lives. */
  TASK_LEASE_MS: durationMs({ min: 300, max: 600_000 }).default(30_000),
  /** Tasks at a time. */
  TASK_CONCURRENCY: integer({ min: 1, max: 20 }).default(2),
  /** Items of one step, which is one call of another service. */
  TASK_CHUNK_SIZE: integer({ min: 1, max: 100 }).default(50),
  /** Steps in a row that may fail, with pauses up to a minute, before a task is given up. */
  TASK_MAX_FAILURES: integer({ min: 1, max: 1_000 }).default(20),
});

export type CommonOperationsApiConfig = z.output<typeof commonOperationsApiConfig>;
export type CommonOperationsWorkerConfig = z.output<typeof commonOperationsWorkerConfig>;
