import type { ContinuousWorker, Logger, Metrics } from "@tandem/runtime";
import type { TaskQueue } from "../biz/ports.ts";
import type { makeRunReindex } from "../biz/reindex.ts";
import type { makeSyncIndex } from "../biz/sync-index.ts";

export interface IndexWorkerOptions {
  readonly syncIndex: ReturnType<typeof makeSyncIndex>;
  readonly runReindex: ReturnType<typeof makeRunReindex>;
  readonly ensureIndex: (signal?: AbortSignal) => Promise<void>;
  /** Drops indexes that nobody needs any more. */
  readonly tidy: (signal?: AbortSignal) => Promise<void>;
  readonly queue: TaskQueue;
  readonly log: Logger;
  readonly metrics: Metrics;
  readonly batchSize: number;
  readonly leaseMs: number;
  readonly pollMs: number;
}

export interface IndexWorker extends ContinuousWorker {
  /** Something has changed in this process. */
  wake(): void;
}

/** After a quiet time a change is told at once, when those that come with it are there. */
const GATHER_MS = 50;
/** While changes keep coming, rounds begin so far apart: each is three statements, whatever it tells. */
const ROUND_EVERY_MS = 300;
/** Looks for a reindex that somebody started, in polls. */
const REBUILD_EVERY = 4;
const MAX_PAUSE_MS = 5_000;
const TIDY_EVERY_MS = 10_000;

/** Tells the engine what has changed, and carries reindexes on. Any number of them at a time. An engine that is away is asked ever less often. */
export const createIndexWorker = (options: IndexWorkerOptions): IndexWorker => {
  const { syncIndex, runReindex, ensureIndex, tidy, queue, log, metrics, batchSize, leaseMs, pollMs } = options;
  const outcomes = metrics.counter({
    name: "tandem_search_index_operations_total",
    help: "Documents told to the engine, by how it ended: indexed, postponed, parked",
    labels: ["outcome"],
  });
  const waiting = metrics.gauge({
    name: "tandem_search_index_queue",
    help: "Documents that the engine has yet to be told of (open), or would not take (parked)",
    labels: ["state"],
  });
  const oldest = metrics.gauge({
    name: "tandem_search_index_lag_seconds",
    help: "Age of the oldest change that the engine has yet to be told of",
  });
  const stopScrape = metrics.onScrape(async () => {
    const { open, parked, oldestOpenMs } = await queue.stats();
    waiting.set({ state: "open" }, open);
    waiting.set({ state: "parked" }, parked);
    oldest.set(oldestOpenMs / 1_000);
  });
  const stopping = new AbortController();
  const { signal } = stopping;
  const loops: Promise<void>[] = [];
  let woken = false;
  let wakeUp = () => {};
  let lastRoundAt = 0;
  let failures = 0;

  const sleep = (ms: number) =>
    new Promise<void>((resolve) => {
      if (woken || signal.aborted) return resolve();
      const timer = setTimeout(resolve, ms);
      wakeUp = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  /** Not to be woken: for the reindexer, and after failures. */
  const pause = (ms: number) =>
    new Promise<void>((resolve) => {
      const done = () => {
        clearTimeout(timer);
        signal.removeEventListener("abort", done);
        resolve();
      };
      const timer = setTimeout(done, ms);
      signal.addEventListener("abort", done);
      if (signal.aborted) done();
    });

  const untilReady = async () => {
    for (let tries = 0; !signal.aborted; tries += 1) {
      try {
        return await ensureIndex(signal);
      } catch (err) {
        log.warn({ err }, "the search engine has no index yet");
        await pause(Math.min(200 * 2 ** tries, MAX_PAUSE_MS));
      }
    }
  };

  const sync = async () => {
    await untilReady();
    while (!signal.aborted) {
      woken = false;
      const startedAt = performance.now();
      try {
        const { claimed, indexed, postponed, parked } = await syncIndex(batchSize, leaseMs, signal);
        outcomes.inc({ outcome: "indexed" }, indexed);
        outcomes.inc({ outcome: "postponed" }, postponed);
        outcomes.inc({ outcome: "parked" }, parked);
        if (parked > 0) log.error({ parked }, "the engine would not take some documents: see search/failed-operations");
        failures = 0;
        lastRoundAt = performance.now();
        if (claimed >= batchSize) continue;
        // For what other processes changed: where nothing was, less is to be expected.
        await sleep(claimed > 0 ? pollMs : pollMs * 2);
        // Changes of one document follow each other, and those of many come together: one call of the engine tells them all.
        const apart = startedAt + Math.min(ROUND_EVERY_MS, pollMs) - performance.now();
        if (woken && !signal.aborted) await pause(Math.max(GATHER_MS, apart));
      } catch (err) {
        if (signal.aborted) return;
        failures += 1;
        lastRoundAt = performance.now();
        log.warn({ err, failures }, "the index could not be told of changes");
        await pause(Math.min(100 * 2 ** Math.min(failures, 10), MAX_PAUSE_MS));
      }
    }
  };

  const rebuild = async () => {
    let tidiedAt = performance.now();
    while (!signal.aborted) {
      try {
        const outcome = await runReindex(signal);
        if (outcome !== "idle") log.info({ outcome }, "reindex ended");
        if (performance.now() - tidiedAt > TIDY_EVERY_MS) {
          tidiedAt = performance.now();
          await tidy(signal);
        }
      } catch (err) {
        if (!signal.aborted) log.warn({ err }, "the reindex was interrupted and goes on later");
      }
      await pause(pollMs * REBUILD_EVERY);
    }
  };

  return {
    name: "search.index",
    kind: "cron",
    wake: () => {
      woken = true;
      wakeUp();
    },
    start: async () => {
      lastRoundAt = performance.now();
      if (loops.length === 0) loops.push(sync(), rebuild());
    },
    stop: async () => {
      stopScrape();
      stopping.abort(new Error("the worker stops"));
      wakeUp();
      await Promise.all(loops);
    },
    healthCheck: async () => {
      if (loops.length > 0 && performance.now() - lastRoundAt > 120_000) throw new Error("no round for two minutes");
    },
  };
};
