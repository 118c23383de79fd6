import { createDispatcher } from "@tandem/resilience";
import { type ContinuousWorker, type Logger, type Metrics, withTraceparent } from "@tandem/runtime";
import type { TaskQueue } from "../biz/ports.ts";
import type { makeRunTask } from "../biz/run-task.ts";

export interface TaskWorkerOptions {
  readonly queue: TaskQueue;
  readonly runTask: ReturnType<typeof makeRunTask>;
  readonly log: Logger;
  readonly metrics: Metrics;
  readonly concurrency: number;
  readonly leaseMs: number;
  /** Longest pause between looks for tasks. Default 500. */
  readonly maxPollMs?: number;
}

/** Works on tasks, some at a time: claims one with a lease, works on it until it ends or cannot go on. */
export const createTaskWorker = (options: TaskWorkerOptions): ContinuousWorker => {
  const { queue, runTask, log, metrics, concurrency, leaseMs, maxPollMs = 500 } = options;
  const turns = metrics.counter({
    name: "tandem_common_operations_task_turns_total",
    help: "Turns at tasks, by kind and how they ended",
    labels: ["kind", "outcome"],
  });
  const dispatcher = createDispatcher({ concurrency, maxQueued: concurrency });
  const stopping = new AbortController();
  let loop: Promise<void> | undefined;
  let inFlight = 0;
  let lastRoundAt = 0;
  let wakeUp = () => {};

  const sleep = (ms: number) =>
    new Promise<void>((resolve) => {
      if (stopping.signal.aborted) return resolve();
      const timer = setTimeout(resolve, ms);
      wakeUp = () => {
        clearTimeout(timer);
        resolve();
      };
    });

  /** True: there may be more. */
  const round = async (): Promise<boolean> => {
    if (inFlight >= concurrency) return false;
    const task = await queue.claim(leaseMs);
    if (!task) return false;
    inFlight += 1;
    void dispatcher
      .run(() => withTraceparent(task.traceparent, () => runTask(task, stopping.signal)))
      .then((outcome) => {
        turns.inc({ kind: task.kind, outcome });
        log.info({ taskId: task.id, kind: task.kind, outcome }, "a turn at a task ended");
      })
      .catch((err: unknown) => {
        turns.inc({ kind: task.kind, outcome: "error" });
        log.warn({ err, taskId: task.id, kind: task.kind }, "a task is taken up again after its lease");
      })
      .finally(() => {
        inFlight -= 1;
        wakeUp();
      });
    return true;
  };

  const run = async () => {
    while (!stopping.signal.aborted) {
      const more = await round().catch((err: unknown) => {
        log.warn({ err }, "tasks could not be claimed");
        return false;
      });
      lastRoundAt = performance.now();
      if (!more) await sleep(maxPollMs);
    }
  };

  return {
    name: "common-operations.tasks",
    kind: "cron",
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
