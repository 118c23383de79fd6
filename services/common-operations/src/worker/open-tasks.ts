import { setTimeout as sleep } from "node:timers/promises";
import type { Platform } from "@tandem/chassis";
import { newId } from "@tandem/kernel";
import { makeChangePrices } from "../biz/change-prices.ts";
import { makeExportOrders } from "../biz/export-orders.ts";
import { makeImportProducts } from "../biz/import-products.ts";
import type { DeadLetters, Orders, Prices, Products, Tables } from "../biz/ports.ts";
import { makeReplayDeadLetters } from "../biz/replay-dead-letters.ts";
import { makeRunTask } from "../biz/run-task.ts";
import type { CommonOperationsWorkerConfig } from "../config/config.ts";
import { makeFileReader } from "../data/file-store.ts";
import { newSha256 } from "../data/new-digest.ts";
import { makeTaskQueue } from "../data/task-queue.ts";
import { makeOperationsUnitOfWork } from "../data/unit-of-work.ts";
import { createTaskWorker } from "./task-worker.ts";

export interface TaskNeeds {
  readonly products: Products;
  readonly prices: Prices;
  readonly orders: Orders;
  readonly deadLetters: DeadLetters;
  readonly tables: Tables;
}

type Needs = Pick<
  Platform<CommonOperationsWorkerConfig>,
  "database" | "outbox" | "clock" | "config" | "log" | "metrics"
>;

/** The worker of the tasks and the one turn it consists of, over what the tasks call. */
export const openTasks = ({ database, outbox, clock, config, log, metrics }: Needs, needs: TaskNeeds) => {
  const files = makeFileReader(database);
  const queue = makeTaskQueue(database);
  const chunkSize = config.TASK_CHUNK_SIZE;
  const runTask = makeRunTask({
    uow: makeOperationsUnitOfWork(database, outbox),
    queue,
    files,
    tables: needs.tables,
    works: {
      "import-products": makeImportProducts({ ...needs, files, chunkSize }),
      "change-prices": makeChangePrices({ ...needs, files, chunkSize }),
      "export-orders": makeExportOrders(needs),
      "replay-dead-letters": makeReplayDeadLetters(needs),
    },
    clock,
    newId,
    newDigest: newSha256,
    leaseMs: config.TASK_LEASE_MS,
    maxFailures: config.TASK_MAX_FAILURES,
    retainMs: config.FILE_RETAIN_MS,
    pause: (ms, signal) => sleep(ms, undefined, { signal }),
  });
  const worker = createTaskWorker({
    queue,
    runTask,
    log,
    metrics,
    concurrency: config.TASK_CONCURRENCY,
    leaseMs: config.TASK_LEASE_MS,
  });
  return { worker, runTask, queue };
};
