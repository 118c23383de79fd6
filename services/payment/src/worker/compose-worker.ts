import type { Platform, WorkerParts } from "@tandem/chassis";
import { newId } from "@tandem/kernel";
import { watchOperations } from "@tandem/operations";
import type { z } from "zod";
import {
  makeCancelPayment,
  makeCollectPayment,
  makeOpenPayment,
  makeRefundReturn,
  makeShortenPayment,
} from "../biz/follow-order.ts";
import { makeImportSettlementFile } from "../biz/import-settlement-file.ts";
import { makeRetryRefunds } from "../biz/retry-refunds.ts";
import { createProviderBreaker, guardProvider } from "../client/guarded-provider.ts";
import { readSettlementFile, sha256 } from "../client/read-settlement-file.ts";
import { createSimulatedProvider } from "../client/simulated-provider.ts";
import { createSimulatedSettlementFiles } from "../client/simulated-settlement-files.ts";
import type { paymentWorkerConfig } from "../config/config.ts";
import { makeClaimReader } from "../data/claim-reader.ts";
import { makeOperationQueue } from "../data/operation-queue.ts";
import { makeSettlementFileReader } from "../data/settlement-file-repository.ts";
import { makePaymentUnitOfWork } from "../data/unit-of-work.ts";
import { makeWebhookInbox } from "../data/webhook-inbox.ts";
import { refundRetry } from "./cron/refund-retry.ts";
import { settlement } from "./cron/settlement.ts";
import { webhookRetry } from "./cron/webhook-retry.ts";
import { onOrderCancelled, onOrderUpdated } from "./event/order-consumers.ts";
import { createOperationsWorker, makeRunOperation } from "./operations-worker.ts";
import { watchRefundClaims } from "./watch-refund-claims.ts";

const DAY_MS = 86_400_000;

export const composeWorker = (platform: Platform<z.output<typeof paymentWorkerConfig>>): WorkerParts => {
  const { database, outbox, clock, config, log, metrics } = platform;
  const deps = { uow: makePaymentUnitOfWork(database, outbox, () => operations.wake()), clock, newId };
  const queue = makeOperationQueue(database);
  const operations = createOperationsWorker({
    queue,
    runOperation: makeRunOperation({
      ...deps,
      queue,
      provider: guardProvider(createSimulatedProvider({ database }), createProviderBreaker({ log, metrics })),
      callTimeoutMs: config.PROVIDER_TIMEOUT_MS,
      giveUpMs: config.OPERATION_GIVE_UP_MS,
    }),
    log,
    metrics,
    concurrency: config.PROVIDER_CONCURRENCY,
  });
  const claims = makeClaimReader(database);
  const policy = {
    pauseMs: config.REFUND_RETRY_PAUSE_MS,
    maxPauseMs: DAY_MS,
    maxTries: config.REFUND_MAX_TRIES,
  };
  watchOperations({ database, metrics, prefix: "tandem_payment" });
  watchRefundClaims({ claims, policy, metrics });
  return {
    consumers: [
      onOrderUpdated({
        openPayment: makeOpenPayment(deps),
        collectPayment: makeCollectPayment(deps),
        shortenPayment: makeShortenPayment(deps),
        refundReturn: makeRefundReturn(deps),
      }),
      onOrderCancelled({ cancelPayment: makeCancelPayment(deps) }),
    ],
    jobs: [
      settlement({
        files: createSimulatedSettlementFiles(database),
        importFile: makeImportSettlementFile({ ...deps, read: readSettlementFile, checksumOf: sha256 }),
        listSettledDays: makeSettlementFileReader(database.orm).listSettledDays,
        metrics,
      }),
      webhookRetry({ inbox: makeWebhookInbox(database) }),
      refundRetry({ retryRefunds: makeRetryRefunds({ ...deps, claims, policy }) }),
    ],
    workers: [operations],
  };
};
