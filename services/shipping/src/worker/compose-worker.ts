import type { Platform, WorkerParts } from "@tandem/chassis";
import { newId } from "@tandem/kernel";
import { createOperationRunner, createOperationsWorker, watchOperations } from "@tandem/operations";
import type { z } from "zod";
import {
  makeEraseCustomer,
  makeFollowCancellation,
  makeHandOverShipment,
  makeOpenReturn,
  makeOpenShipment,
} from "../biz/follow-fulfillment.ts";
import type { CarrierPort, HeldOperation } from "../biz/ports.ts";
import { makeQuoteRates } from "../biz/quote-rates.ts";
import { type HandedOnOperation, makeAskCarrier, makeCommitOperation } from "../biz/run-operation.ts";
import { guardCarrier } from "../client/guarded-carrier.ts";
import { createSimulatedCarriers } from "../client/simulated-carriers.ts";
import type { shippingWorkerConfig } from "../config/config.ts";
import { makeOperationQueue } from "../data/operation-queue.ts";
import { makeStepStore } from "../data/step-store.ts";
import { makeTrackingQueue } from "../data/tracking-queue.ts";
import { makeShippingUnitOfWork } from "../data/unit-of-work.ts";
import { carrierTimeout } from "../model/errors.ts";
import type { OperationOutcome } from "../model/operation.ts";
import { trackingPoll } from "./cron/tracking-poll.ts";
import { onCustomerUpdated } from "./event/on-customer-updated.ts";
import { onFulfillmentStatusChanged } from "./event/on-fulfillment-status-changed.ts";
import { onOrderUpdated } from "./event/on-order-updated.ts";

export interface ComposeWorkerOptions {
  /** For tests: carriers of their own. Default: the simulated ones. */
  readonly carriers?: readonly CarrierPort[];
  /** For fault suites: called between a carrier's answer and the commit. */
  readonly beforeCommit?: (operation: HeldOperation) => Promise<void> | void;
}

export const composeWorker = (
  platform: Platform<z.output<typeof shippingWorkerConfig>>,
  { carriers: given, beforeCommit }: ComposeWorkerOptions = {},
): WorkerParts => {
  const { database, outbox, clock, config, log, metrics } = platform;
  const onDue = (inMs: number) => operations.wake(inMs);
  const warehouses = new Map(Object.entries(config.WAREHOUSES));
  const deps = {
    uow: makeShippingUnitOfWork(database, outbox, onDue),
    steps: makeStepStore(database, outbox, onDue),
    clock,
    newId,
    trackingIntervalMs: config.TRACKING_INTERVAL_MS,
    addressOf: (code: string) => warehouses.get(code) ?? config.WAREHOUSES.MAIN,
  };
  const { CARRIER_CALL_MS: callMs, CARRIER_TRANSIT_MS: transitMs, CARRIER_TIMEOUT_MS: timeoutMs } = config;
  const carriers = (given ?? createSimulatedCarriers({ database, callMs, transitMs })).map((carrier) =>
    guardCarrier(carrier, { timeoutMs, log, metrics }),
  );
  const queue = makeOperationQueue(database);
  const operations = createOperationsWorker({
    name: "shipping.operations",
    counter: "tandem_shipping_operations_total",
    queue,
    run: createOperationRunner<HeldOperation, OperationOutcome, "done" | "stale" | HandedOnOperation>({
      queue,
      clock,
      ask: makeAskCarrier({ carriers, quoteRates: makeQuoteRates({ carriers }) }),
      commit: makeCommitOperation({ ...deps, leaseMs: config.OPERATION_LEASE_MS }),
      // A booking may be looked for before it is made: two calls, each with its own deadline.
      callTimeoutMs: timeoutMs * 2 + 500,
      timedOut: carrierTimeout,
      giveUpMs: ({ kind }) => (kind === "TRACK" ? config.TRACKING_GIVE_UP_MS : config.OPERATION_GIVE_UP_MS),
      ...(beforeCommit ? { beforeCommit } : {}),
    }),
    log,
    metrics,
    concurrency: config.CARRIER_CONCURRENCY,
    leaseMs: config.OPERATION_LEASE_MS,
  });
  watchOperations({ database, metrics, prefix: "tandem_shipping" });
  return {
    consumers: [
      onFulfillmentStatusChanged({
        openShipment: makeOpenShipment(deps),
        handOverShipment: makeHandOverShipment(deps),
        followCancellation: makeFollowCancellation(deps),
      }),
      onOrderUpdated({ openReturn: makeOpenReturn(deps) }),
      onCustomerUpdated({ eraseCustomer: makeEraseCustomer(deps) }),
    ],
    jobs: [trackingPoll({ tracking: makeTrackingQueue(database, onDue) })],
    workers: [operations],
  };
};
