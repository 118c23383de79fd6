import type { Database } from "@tandem/postgres";
import type { SearchEngine } from "../biz/ports.ts";
import { createElasticsearchEngine } from "./elasticsearch/elasticsearch-engine.ts";
import { createPostgresEngine } from "./postgres/postgres-engine.ts";

export interface EngineConfig {
  readonly SEARCH_ENGINE: "postgres" | "elasticsearch";
  readonly SEARCH_ENGINE_URL: string;
  readonly SEARCH_ENGINE_AUTHORIZATION?: string | undefined;
  readonly SEARCH_ENGINE_TIMEOUT_MS: number;
  readonly SEARCH_INDEX_PREFIX: string;
}

/** The engine that the configuration names. Opens nothing before it is used. */
export const makeEngine = (config: EngineConfig, database: Database): SearchEngine =>
  config.SEARCH_ENGINE === "postgres"
    ? createPostgresEngine({ database, alias: config.SEARCH_INDEX_PREFIX })
    : createElasticsearchEngine({
        url: config.SEARCH_ENGINE_URL,
        authorization: config.SEARCH_ENGINE_AUTHORIZATION,
        timeoutMs: config.SEARCH_ENGINE_TIMEOUT_MS,
        alias: config.SEARCH_INDEX_PREFIX,
      });

/** Index names sort by the run that built them. */
export const indexNameOf = (prefix: string, runId: string): string => `${prefix}-${runId}`;
