import { createDispatcher } from "@tandem/resilience";
import { type ContinuousWorker, type Logger, type MetricName, type Metrics, withTraceparent } from "@tandem/runtime";
import type { OperationLease, OperationQueue, RunOutcome } from "./operation.ts";

export interface OperationsWorkerOptions<O extends OperationLease> {
  /** `payment.operations`. */
  readonly name: string;
  /** Counter by kind and outcome of a try: `tandem_payment_operations_total`. */
  readonly counter: MetricName;
  readonly queue: Pick<OperationQueue<O>, "claim">;
  readonly run: (operation: O, signal: AbortSignal) => Promise<RunOutcome>;
  readonly log: Logger;
  readonly metrics: Metrics;
  /** Calls at once. Default 16. */
  readonly concurrency?: number;
  /** How long an operation is left to a worker that may have died. Longer than a call. Default 20 000. */
  readonly leaseMs?: number;
  /** Longest pause between looks for operations that other processes asked for. Default 500. */
  readonly maxPollMs?: number;
}

export interface OperationsWorker extends ContinuousWorker {
  /** Something was asked for in this process, due in so many milliseconds. Default 0: now. */
  wake(inMs?: number): void;
}

/** Executes what is asked of the outside: claims with a lease, calls, commits. Any number of them at a time. */
export const createOperationsWorker = <O extends OperationLease>(
  options: OperationsWorkerOptions<O>,
): OperationsWorker => {
  const { name, queue, run, log, metrics, concurrency = 16, leaseMs = 20_000, maxPollMs = 500 } = options;
  const outcomes = metrics.counter({
    name: options.counter,
    help: "Durable operations, by kind and how a try ended",
    labels: ["kind", "outcome"],
  });
  const dispatcher = createDispatcher({ concurrency, maxQueued: concurrency * 4 });
  const stopping = new AbortController();
  let loop: Promise<void> | undefined;
  let woken = false;
  let wakeUp = () => {};
  let lastRoundAt = 0;
  let inFlight = 0;
  /** The last claim was limited by the room there was: more may wait for it. */
  let full = false;

  const wakeNow = () => {
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

  const round = async (): Promise<void> => {
    const room = concurrency - inFlight;
    full = room <= 0;
    if (full) return;
    const claimed = await queue.claim(room, leaseMs);
    full = claimed.length >= room;
    for (const operation of claimed) {
      const { id: operationId, kind } = operation;
      inFlight += 1;
      void dispatcher
        .run(() => withTraceparent(operation.traceparent, () => run(operation, stopping.signal)))
        .then((outcome) => {
          outcomes.inc({ kind, outcome });
          if (outcome !== "given_up") return;
          log.error({ operationId, kind }, "nobody knows what became of an operation: a person has to look");
        })
        .catch((err: unknown) => {
          outcomes.inc({ kind, outcome: "error" });
          log.warn({ err, operationId, kind }, "an operation is tried again after its lease");
        })
        .finally(() => {
          inFlight -= 1;
          if (full) wakeNow();
        });
    }
  };

  const rounds = async () => {
    while (!stopping.signal.aborted) {
      woken = false;
      await round().catch((err: unknown) => log.warn({ err }, "operations could not be claimed"));
      lastRoundAt = performance.now();
      // Whoever makes one says so: after a claim that took all there is nothing to look for.
      await sleep(maxPollMs);
    }
  };

  return {
    name,
    kind: "cron",
    wake: (inMs = 0) => {
      if (inMs <= 0) wakeNow();
      // What comes due later than the next look is found by it.
      else if (inMs < maxPollMs) setTimeout(wakeNow, inMs + 1).unref();
    },
    start: async () => {
      lastRoundAt = performance.now();
      loop ??= rounds();
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
