import { createDispatcher } from "@tandem/resilience";
import { type ContinuousWorker, type Logger, type MetricName, type Metrics, withTraceparent } from "@tandem/runtime";
import type { HandedOn, OperationLease, OperationQueue, RunOutcome } from "./operation.ts";

export interface OperationsWorkerOptions<O extends OperationLease> {
  /** `payment.operations`. */
  readonly name: string;
  /** Counter by kind and outcome of a try: `tandem_payment_operations_total`. */
  readonly counter: MetricName;
  readonly queue: Pick<OperationQueue<O>, "claim">;
  readonly run: (operation: O, signal: AbortSignal) => Promise<RunOutcome | HandedOn<O>>;
  readonly log: Logger;
  readonly metrics: Metrics;
  /** Calls at once. Default 16. */
  readonly concurrency?: number;
  /** How long an operation is left to a worker that may have died. Longer than a call. Default 20 000. */
  readonly leaseMs?: number;
  /** Longest pause between looks for operations that other processes asked for. Default 500. */
  readonly maxPollMs?: number;
}

/** What comes due later is looked for in steps of so many milliseconds: many then come in one claim, and nobody counts on the instant. */
const SLOT_MS = 20;

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
  const slots = new Set<number>();
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

  const runOne = async (operation: O): Promise<O | undefined> => {
    const { id: operationId, kind, traceparent } = operation;
    try {
      const result = await withTraceparent(traceparent, () => run(operation, stopping.signal));
      const { outcome, next } = typeof result === "string" ? { outcome: result } : result;
      outcomes.inc({ kind, outcome });
      if (outcome === "given_up")
        log.error({ operationId, kind }, "nobody knows what became of an operation: a person has to look");
      return next;
    } catch (err) {
      outcomes.inc({ kind, outcome: "error" });
      log.warn({ err, operationId, kind }, "an operation is tried again after its lease");
      return undefined;
    }
  };

  /** And what it hands on, one after the other in the same slot. */
  const runWithSequel = async (first: O): Promise<void> => {
    for (let next: O | undefined = first; next; ) next = await runOne(next);
  };

  const wakeAt = (inMs: number): void => {
    const slot = Math.ceil((performance.now() + inMs) / SLOT_MS);
    if (slots.has(slot)) return;
    slots.add(slot);
    setTimeout(
      () => {
        slots.delete(slot);
        wakeNow();
      },
      slot * SLOT_MS - performance.now() + 1,
    ).unref();
  };

  const round = async (): Promise<void> => {
    const room = concurrency - inFlight;
    full = room <= 0;
    if (full) return;
    const claimed = await queue.claim(room, leaseMs);
    full = claimed.length >= room;
    for (const operation of claimed) {
      inFlight += 1;
      void dispatcher
        .run(() => runWithSequel(operation))
        .catch((err: unknown) => log.warn({ err, operationId: operation.id }, "an operation was not run"))
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
      else if (inMs < maxPollMs) wakeAt(inMs);
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
