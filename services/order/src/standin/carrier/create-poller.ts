// STAND-IN. Removed with the carrier.
import type { ContinuousWorker, Logger } from "@tandem/runtime";

export interface PollerOptions {
  readonly name: string;
  /** Does what is due and says how much that was. */
  readonly work: () => Promise<number>;
  /** A round that did this much is followed by another at once. */
  readonly full: number;
  readonly pauseMs: number;
  readonly log: Logger;
}

/** Calls `work` again and again, with a pause that grows to a second while nothing is due. */
export const createPoller = ({ name, work, full, pauseMs, log }: PollerOptions) => {
  let stopping = false;
  let loop: Promise<void> | undefined;
  let wake = () => {};
  let lastRoundAt = 0;
  let idleMs = pauseMs;

  const sleep = (ms: number) =>
    new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, ms);
      wake = () => {
        clearTimeout(timer);
        resolve();
      };
      if (stopping) wake();
    });

  const run = async () => {
    while (!stopping) {
      let done = 0;
      try {
        done = await work();
      } catch (err) {
        log.warn({ err, worker: name }, "a round failed and is repeated");
      }
      lastRoundAt = performance.now();
      idleMs = done > 0 ? pauseMs : Math.min(idleMs * 2, 1_000);
      if (done < full) await sleep(idleMs);
    }
  };

  const worker: ContinuousWorker = {
    name,
    kind: "cron",
    start: async () => {
      lastRoundAt = performance.now();
      loop ??= run();
    },
    stop: async () => {
      stopping = true;
      wake();
      await loop;
    },
    healthCheck: async () => {
      if (loop && performance.now() - lastRoundAt > 60_000) throw new Error(`${name} has made no round for a minute`);
    },
  };
  return {
    worker,
    /** Something comes due in `ms`. */
    wakeIn: (ms: number) => {
      setTimeout(() => {
        idleMs = pauseMs;
        wake();
      }, ms + 1).unref();
    },
  };
};
