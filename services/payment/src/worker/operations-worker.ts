import { createDispatcher } from "@tandem/resilience";
import { type ContinuousWorker, type Logger, type Metrics, withTraceparent } from "@tandem/runtime";
import type { OperationQueue } from "../biz/ports.ts";
import type { makeRunOperation } from "../biz/run-operation.ts";

export interface OperationsWorkerOptions {
  readonly queue: OperationQueue;
  readonly runOperation: ReturnType<typeof makeRunOperation>;
  readonly log: Logger;
  readonly metrics: Metrics;
  /** Calls to the provider at once. Default 16. */
  readonly concurrency?: number;
  /** How long an operation is left to a worker that may have died. Longer than a call. Default 20 000. */
  readonly leaseMs?: number;
  /** Longest pause between looks for operations that other processes asked for. Default 500. */
  readonly maxPollMs?: number;
}

export interface OperationsWorker extends ContinuousWorker {
  /** Something was asked for in this process. */
  wake(): void;
}

/** Executes what is asked of the provider: claims with a lease, calls, commits. Any number of them at a time. */
export const createOperationsWorker = (options: OperationsWorkerOptions): OperationsWorker => {
  const { queue, runOperation, log, metrics, concurrency = 16, leaseMs = 20_000, maxPollMs = 500 } = options;
  const outcomes = metrics.counter({
    name: "tandem_payment_operations_total",
    help: "Operations at the card provider, by kind and how a try ended",
    labels: ["kind", "outcome"],
  });
  const dispatcher = createDispatcher({ concurrency, maxQueued: concurrency * 4 });
  const stopping = new AbortController();
  let loop: Promise<void> | undefined;
  let woken = false;
  let wakeUp = () => {};
  let lastRoundAt = 0;
  let inFlight = 0;

  const wake = () => {
    woken = true;
    wakeUp();
  };

  const sleep = (ms: number) =>
    new Promise<void>((resolve) => {
      if (woken || stopping.signal.aborted) return resolve();
      const timer = setTimeout(resolve, ms);
      wakeUp = () => {
        clearTimeout(timer);
        resolve();
      };
    });

  const round = async (): Promise<number> => {
    const room = concurrency - inFlight;
    if (room <= 0) return 0;
    const claimed = await queue.claim(room, leaseMs);
    for (const operation of claimed) {
      inFlight += 1;
      void dispatcher
        .run(() => withTraceparent(operation.traceparent, () => runOperation(operation, stopping.signal)))
        .then((outcome) => {
          outcomes.inc({ kind: operation.kind, outcome });
          if (outcome !== "given_up") return;
          log.error(
            { operationId: operation.id, kind: operation.kind },
            "nobody knows what became of an operation: a person has to look",
          );
        })
        .catch((err: unknown) => {
          outcomes.inc({ kind: operation.kind, outcome: "error" });
          log.warn(
            { err, operationId: operation.id, kind: operation.kind },
            "an operation is tried again after its lease",
          );
        })
        .finally(() => {
          inFlight -= 1;
          wake();
        });
    }
    return claimed.length;
  };

  const run = async () => {
    while (!stopping.signal.aborted) {
      woken = false;
      const claimed = await round().catch((err: unknown) => {
        log.warn({ err }, "operations could not be claimed");
        return 0;
      });
      lastRoundAt = performance.now();
      if (claimed === 0) await sleep(maxPollMs);
    }
  };

  return {
    name: "payment.operations",
    kind: "cron",
    wake,
    start: async () => {
      lastRoundAt = performance.now();
      loop ??= run();
    },
    stop: async () => {
      stopping.abort(new Error("the worker stops"));
      wakeUp();
      await loop;
      await dispatcher.drain();
    },
    healthCheck: async () => {
      if (loop && performance.now() - lastRoundAt > 60_000) throw new Error("no round for a minute");
    },
  };
};
