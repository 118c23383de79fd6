import type { ApiParts, Platform } from "@tandem/chassis";
import { SearchService } from "@tandem/contracts/search";
import { newId } from "@tandem/kernel";
import { registerService } from "@tandem/rpc";
import type { z } from "zod";
import { makePutDocuments } from "../biz/put-documents.ts";
import { makeStartReindex } from "../biz/reindex.ts";
import { makeSearch, makeSuggest } from "../biz/search.ts";
import { indexNameOf, makeEngine } from "../client/make-engine.ts";
import type { searchApiConfig } from "../config/config.ts";
import { makeDocumentReader } from "../data/document-reader.ts";
import { makeDocumentWriter } from "../data/document-writer.ts";
import { makeIndexRegistry } from "../data/index-registry.ts";
import { makeReindexStore } from "../data/reindex-store.ts";
import { makeFailedOperationReader, makeTaskQueue } from "../data/task-queue.ts";
import { makeIndexHandlers } from "../service/index-handlers.ts";
import { makeSearchHandlers } from "../service/search-handlers.ts";

type ApiNeeds = Pick<Platform<z.output<typeof searchApiConfig>>, "database" | "config" | "clock">;

export const composeApi = ({ database, config, clock }: ApiNeeds): ApiParts => {
  const engine = makeEngine(config, database);
  const documents = makeDocumentReader(database);
  const nameOf = (runId: string) => indexNameOf(config.SEARCH_INDEX_PREFIX, runId);
  const reindexes = makeReindexStore({ database, engine: engine.name, newId, nameOf });
  const handlers = {
    ...makeSearchHandlers({ search: makeSearch({ engine }), suggest: makeSuggest({ engine }), documents }),
    ...makeIndexHandlers({
      putDocuments: makePutDocuments({ writer: makeDocumentWriter(database) }),
      startReindex: makeStartReindex({ documents, reindexes }),
      reindexes,
      registry: makeIndexRegistry(database, engine.name),
      failedOperations: makeFailedOperationReader(database),
      queue: makeTaskQueue(database),
      engine,
      clock,
    }),
  };
  return { services: [registerService(SearchService, handlers)] };
};
