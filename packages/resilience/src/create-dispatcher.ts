import { AppError } from "@tandem/kernel";
import pLimit from "p-limit";

export interface DispatcherOptions {
  /** Tasks that run at once. 1 or more. Default 10. */
  readonly concurrency?: number;
  /** Tasks that may wait beyond those; one more is refused. Default 1000. */
  readonly maxQueued?: number;
}

export interface DispatchTask {
  /** Tasks of one key run one after another, in the order they came; a failed one does not stop the next. */
  readonly key?: string;
  /** A task that is still waiting when this aborts never runs. */
  readonly signal?: AbortSignal;
}

export interface Dispatcher extends AsyncDisposable {
  /**
   * @throws AppError resource_exhausted `dispatcher.full`, unavailable `dispatcher.draining`, the signal's reason, or what `work` throws
   */
  run<T>(work: () => Promise<T>, task?: DispatchTask): Promise<T>;
  readonly running: number;
  readonly queued: number;
  /** Refuses new tasks and resolves when all accepted ones have settled. */
  drain(): Promise<void>;
}

/** Runs tasks with bounded concurrency and a bounded queue: overload is refused at the door, not remembered until memory ends. */
export const createDispatcher = (options: DispatcherOptions = {}): Dispatcher => {
  const { concurrency = 10, maxQueued = 1_000 } = options;
  const limit = pLimit(concurrency);
  const tails = new Map<string, Promise<void>>();
  const accepted = new Set<Promise<unknown>>();
  let running = 0;
  let draining = false;

  const start = <T>(work: () => Promise<T>, signal?: AbortSignal) =>
    limit(async () => {
      signal?.throwIfAborted();
      running++;
      try {
        return await work();
      } finally {
        running--;
      }
    });

  // A task waits for its key's turn before it asks for a slot, so that one busy key never holds slots idle.
  const startInTurn = <T>(key: string, work: () => Promise<T>, signal?: AbortSignal) => {
    const result = (tails.get(key) ?? Promise.resolve()).then(() => start(work, signal));
    const tail = result.then(
      () => {},
      () => {},
    );
    tails.set(key, tail);
    void tail.then(() => {
      if (tails.get(key) === tail) tails.delete(key);
    });
    return result;
  };

  const drain = async () => {
    draining = true;
    while (accepted.size > 0) await Promise.allSettled(accepted);
  };

  return {
    async run(work, { key, signal } = {}) {
      signal?.throwIfAborted();
      if (draining) throw new AppError("unavailable", "dispatcher.draining", "Shutting down; no new work");
      if (accepted.size >= concurrency + maxQueued) {
        throw new AppError("resource_exhausted", "dispatcher.full", `${maxQueued} tasks are waiting already`);
      }
      const result = key === undefined ? start(work, signal) : startInTurn(key, work, signal);
      accepted.add(result);
      try {
        return await result;
      } finally {
        accepted.delete(result);
      }
    },
    get running() {
      return running;
    },
    get queued() {
      return accepted.size - running;
    },
    drain,
    [Symbol.asyncDispose]: drain,
  };
};
