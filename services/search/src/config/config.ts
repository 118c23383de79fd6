import { apiConfig, workerConfig } from "@tandem/chassis";
import { durationMs, integer, secret, url } from "@tandem/runtime";
import { z } from "zod";

/** Both binaries must agree on these. */
const engineConfig = {
  /** `elasticsearch` speaks to Elasticsearch (7.10 or later) and to OpenSearch. */
  SEARCH_ENGINE: z.enum(["postgres", "elasticsearch"]).default("postgres"),
  /** Of Elasticsearch or OpenSearch. */
  SEARCH_ENGINE_URL: url().default("http://127.0.0.1:9200"),
  /** The whole `Authorization` header: `Basic …`, `ApiKey …`. */
  SEARCH_ENGINE_AUTHORIZATION: secret().optional(),
  /** Longest wait for one answer of the engine. */
  SEARCH_ENGINE_TIMEOUT_MS: durationMs({ min: 50 }).default(5_000),
  /** Names of indexes and of the alias begin with it: one engine may serve several environments. */
  SEARCH_INDEX_PREFIX: z
    .string()
    .regex(/^[a-z][a-z0-9-]{0,20}$/)
    .default("search"),
};

export const searchApiConfig = apiConfig.extend(engineConfig);

export const searchWorkerConfig = workerConfig.extend({
  ...engineConfig,
  /** Documents per write to the engine. */
  INDEX_BATCH_SIZE: integer({ min: 1, max: 5_000 }).default(200),
  /** Longest pause between looks for changes that other processes made. */
  INDEX_POLL_MS: durationMs({ min: 10 }).default(500),
  /** How long a batch, or a reindex, is left to a worker that may have died. */
  INDEX_LEASE_MS: durationMs({ min: 100 }).default(30_000),
});
