import type { Platform, WorkerParts } from "@tandem/chassis";
import { newId } from "@tandem/kernel";
import type { z } from "zod";
import { makeEraseCustomer, makeFollowCategory, makeFollowSeller } from "../biz/put-documents.ts";
import { dropRetired, makeEnsureIndex, makeRunReindex, makeStartReindex } from "../biz/reindex.ts";
import { makeSyncIndex } from "../biz/sync-index.ts";
import { indexNameOf, makeEngine } from "../client/make-engine.ts";
import type { searchWorkerConfig } from "../config/config.ts";
import { makeDocumentReader } from "../data/document-reader.ts";
import { makeDocumentWriter } from "../data/document-writer.ts";
import { makeIndexRegistry } from "../data/index-registry.ts";
import { joinChanges } from "../data/join-changes.ts";
import { makeReindexStore } from "../data/reindex-store.ts";
import { makeTaskQueue } from "../data/task-queue.ts";
import { makeSearchUnitOfWork } from "../data/unit-of-work.ts";
import { failedOperations } from "./cron/failed-operations.ts";
import { reindex } from "./cron/reindex.ts";
import { onCategoryChanged } from "./event/on-category-changed.ts";
import { onSellerChanged } from "./event/on-seller-changed.ts";
import { orderConsumers } from "./event/order-consumers.ts";
import { productConsumers } from "./event/product-consumers.ts";
import { createIndexWorker } from "./index-worker.ts";

type WorkerNeeds = Pick<Platform<z.output<typeof searchWorkerConfig>>, "database" | "config" | "log" | "metrics">;

export const composeWorker = ({ database, config, log, metrics }: WorkerNeeds): WorkerParts => {
  const engine = makeEngine(config, database);
  const uow = makeSearchUnitOfWork(database, () => worker.wake());
  const documents = makeDocumentReader(database);
  const queue = makeTaskQueue(database);
  const registry = makeIndexRegistry(database, engine.name);
  const nameOf = (runId: string) => indexNameOf(config.SEARCH_INDEX_PREFIX, runId);
  const reindexes = makeReindexStore({ database, engine: engine.name, newId, nameOf });
  const runReindex = makeRunReindex({
    engine,
    documents,
    queue,
    registry,
    reindexes,
    batchSize: config.INDEX_BATCH_SIZE,
    leaseMs: config.INDEX_LEASE_MS,
  });
  const worker = createIndexWorker({
    syncIndex: makeSyncIndex({ engine, queue, registry }),
    runReindex,
    ensureIndex: makeEnsureIndex({ engine, registry, documents, reindexes, firstIndex: nameOf(newId()) }),
    tidy: (signal) => dropRetired(engine, registry, signal),
    queue,
    log,
    metrics,
    batchSize: config.INDEX_BATCH_SIZE,
    leaseMs: config.INDEX_LEASE_MS,
    pollMs: config.INDEX_POLL_MS,
  });
  const applyPart = joinChanges(makeDocumentWriter(database, () => worker.wake()));
  return {
    consumers: [
      ...productConsumers({ applyPart }),
      onSellerChanged({ followSeller: makeFollowSeller({ uow }) }),
      onCategoryChanged({ followCategory: makeFollowCategory({ uow }) }),
      ...orderConsumers({ applyPart, eraseCustomer: makeEraseCustomer({ uow }) }),
    ],
    jobs: [
      reindex({ startReindex: makeStartReindex({ documents, reindexes }), runReindex, reindexes }),
      failedOperations({ queue, wake: () => worker.wake() }),
    ],
    workers: [worker],
  };
};
