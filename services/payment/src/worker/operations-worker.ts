import type { Clock } from "@tandem/kernel";
import { AppError } from "@tandem/kernel";
import {
  createOperationRunner,
  createOperationsWorker as createWorker,
  type OperationsWorker,
  type RunOutcome,
} from "@tandem/operations";
import type { Logger, Metrics } from "@tandem/runtime";
import type { CardProvider, LeasedOperation, OperationQueue, PaymentUnitOfWork } from "../biz/ports.ts";
import { makeAskProvider, makeCommitOperation } from "../biz/run-operation.ts";

export interface RunOperationDeps {
  readonly uow: PaymentUnitOfWork;
  readonly queue: OperationQueue;
  readonly provider: CardProvider;
  readonly clock: Clock;
  readonly newId: () => string;
  /** Longest wait for one answer. */
  readonly callTimeoutMs: number;
  /** How long the outcome of an operation may stay unknown before it is left to a person. Default 24 hours. */
  readonly giveUpMs?: number;
  /** For fault suites: called between the provider's answer and the commit. */
  readonly beforeCommit?: () => Promise<void> | void;
}

export type RunOperation = (operation: LeasedOperation, signal: AbortSignal) => Promise<RunOutcome>;

/** One try of an operation at the card provider. */
export const makeRunOperation = ({ provider, ...deps }: RunOperationDeps): RunOperation =>
  createOperationRunner({
    ...deps,
    ask: makeAskProvider({ provider }),
    commit: makeCommitOperation(deps),
    timedOut: () =>
      new AppError("deadline_exceeded", "payment.provider_timeout", "The provider did not answer in time."),
  });

export interface OperationsWorkerOptions {
  readonly queue: OperationQueue;
  readonly runOperation: RunOperation;
  readonly log: Logger;
  readonly metrics: Metrics;
  /** Calls to the provider at once. Default 16. */
  readonly concurrency?: number;
  /** How long an operation is left to a worker that may have died. Longer than a call. Default 20 000. */
  readonly leaseMs?: number;
  /** Longest pause between looks for operations that other processes asked for. Default 500. */
  readonly maxPollMs?: number;
}

/** Executes what is asked of the provider: claims with a lease, calls, commits. Any number of them at a time. */
export const createOperationsWorker = ({ runOperation, ...options }: OperationsWorkerOptions): OperationsWorker =>
  createWorker({
    ...options,
    name: "payment.operations",
    counter: "tandem_payment_operations_total",
    run: runOperation,
  });
