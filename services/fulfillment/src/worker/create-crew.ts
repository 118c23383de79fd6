import type { ContinuousWorker, Logger } from "@tandem/runtime";

export interface CrewOptions {
  /** Does what is due and says how much that was. */
  readonly workOff: (signal: AbortSignal) => Promise<number>;
  /** How long work lies before it is due. */
  readonly delayMs: number;
  readonly log: Logger;
  /** What a round takes up at most: only after a full one is there more to look for. */
  readonly batchSize: number;
  /** Longest pause between looks for work that other processes opened. Default 2000. */
  readonly maxPollMs?: number;
}

/** What is opened within so many milliseconds is taken up in one round. */
const SLOT_MS = 20;

export interface Crew extends ContinuousWorker {
  /** This process has opened work: it comes due after the delay. */
  wake(): void;
}

/** The simulated crew of a laptop: works off what is due, round after round. Any number of crews at a time; one that dies leaves nothing behind. */
export const createCrew = ({ workOff, delayMs, log, batchSize, maxPollMs = 2_000 }: CrewOptions): Crew => {
  const stopping = new AbortController();
  let loop: Promise<void> | undefined;
  let wakeUp = () => {};
  let woken = false;
  let lastRoundAt = 0;
  let nextSlot = 0;

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

  const run = async () => {
    while (!stopping.signal.aborted) {
      woken = false;
      const done = await workOff(stopping.signal).catch((err: unknown) => {
        if (!stopping.signal.aborted) log.warn({ err }, "a round of the crew failed and is repeated");
        return 0;
      });
      lastRoundAt = performance.now();
      if (done < batchSize) await sleep(maxPollMs);
    }
  };

  return {
    name: "fulfillment.crew",
    kind: "cron",
    wake: () => {
      const slot = Math.ceil((performance.now() + delayMs) / SLOT_MS);
      if (slot === nextSlot) return;
      nextSlot = slot;
      setTimeout(wakeNow, slot * SLOT_MS - performance.now() + 1).unref();
    },
    start: async () => {
      lastRoundAt = performance.now();
      loop ??= run();
    },
    stop: async () => {
      stopping.abort(new Error("the worker stops"));
      wakeUp();
      await loop;
    },
    healthCheck: async () => {
      if (loop && performance.now() - lastRoundAt > 60_000) throw new Error("no round for a minute");
    },
  };
};
