import { setTimeout as delay } from "node:timers/promises";
import { type CronJob, defineCronJob } from "@tandem/jobs";
import { isAppError } from "@tandem/kernel";
import type { ReindexStore } from "../../biz/ports.ts";
import type { makeRunReindex, makeStartReindex } from "../../biz/reindex.ts";

export interface ReindexJobDeps {
  readonly startReindex: ReturnType<typeof makeStartReindex>;
  readonly runReindex: ReturnType<typeof makeRunReindex>;
  readonly reindexes: ReindexStore;
}

/** Every night: builds the index anew beside the live one and swaps them. Carries on one that is running, and waits for one that runs elsewhere. */
export const reindex = ({ startReindex, runReindex, reindexes }: ReindexJobDeps): CronJob =>
  defineCronJob({
    name: "search.reindex",
    description: "Builds the index anew beside the live one and swaps them",
    schedule: "0 30 2 * * *",
    timeoutMs: 3_600_000,
    missed: "skip",
    run: async ({ signal, log }) => {
      const started = await startReindex().catch((error: unknown) => {
        if (!isAppError(error, "search.reindex_running")) throw error;
        return reindexes.findRunning();
      });
      if (!started) return undefined;
      for (;;) {
        const outcome = await runReindex(signal);
        const run = await reindexes.getById(started.id);
        if (run.status !== "RUNNING") {
          if (run.status === "FAILED") throw new Error(run.error);
          log.info({ reindexId: run.id, outcome }, "reindex ended");
          return { reindexId: run.id, status: run.status, documents: run.done, failed: run.failed };
        }
        // The worker beside us has it.
        await delay(250, undefined, { signal });
      }
    },
  });
