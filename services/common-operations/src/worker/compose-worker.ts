import type { Platform, WorkerParts } from "@tandem/chassis";
import { CatalogService } from "@tandem/contracts/catalog";
import { OrderService } from "@tandem/contracts/order";
import { PricingService } from "@tandem/contracts/pricing";
import { makeCleanUp } from "../biz/clean-up.ts";
import { makeRecordAudit } from "../biz/keep-audit.ts";
import { makeCatalogClient } from "../client/catalog-client.ts";
import { makeDeadLettersClient } from "../client/dead-letters-client.ts";
import { openClient, openContexts } from "../client/open-client.ts";
import { makeOrderClient } from "../client/order-client.ts";
import { makePricingClient } from "../client/pricing-client.ts";
import type { CommonOperationsWorkerConfig } from "../config/config.ts";
import { csvTables } from "../data/csv/tables.ts";
import { newSha256 } from "../data/new-digest.ts";
import { makeLeftovers } from "../data/remove-old.ts";
import { makeTimelineStore } from "../data/timeline-store.ts";
import { makeOperationsUnitOfWork } from "../data/unit-of-work.ts";
import { taskCleanup } from "./cron/task-cleanup.ts";
import { auditConsumers } from "./event/audit-consumers.ts";
import { timelineConsumers } from "./event/timeline-consumers.ts";
import { openTasks } from "./open-tasks.ts";

export const composeWorker = (platform: Platform<CommonOperationsWorkerConfig>): WorkerParts => {
  const { database, outbox, clock, config, metrics } = platform;
  const timeline = makeTimelineStore(database);
  const uow = makeOperationsUnitOfWork(database, outbox);
  const { worker } = openTasks(platform, {
    products: makeCatalogClient(openClient(platform, CatalogService, "catalog")),
    prices: makePricingClient(openClient(platform, PricingService, "pricing")),
    orders: makeOrderClient(openClient(platform, OrderService, "order")),
    deadLetters: makeDeadLettersClient(openContexts(platform), {
      concurrency: config.FAN_OUT_CONCURRENCY,
      deadlineMs: config.FAN_OUT_DEADLINE_MS,
    }),
    tables: csvTables,
  });
  return {
    consumers: [
      ...timelineConsumers({ timeline, clock, metrics }),
      ...auditConsumers({ recordAudit: makeRecordAudit({ uow, clock, newDigest: newSha256 }) }),
    ],
    jobs: [
      taskCleanup({
        cleanUp: makeCleanUp({
          timeline,
          leftovers: makeLeftovers(database),
          clock,
          timelineRetainMs: config.TIMELINE_RETAIN_MS,
          taskRetainMs: config.TASK_RETAIN_MS,
        }),
      }),
    ],
    workers: [worker],
  };
};
