import { createJobHistory } from "@tandem/jobs";
import type { Clock } from "@tandem/kernel";
import type { Database } from "@tandem/postgres";
import type { ContinuousWorker, Logger } from "@tandem/runtime";

export interface HistoryKeeperOptions {
  readonly database: Pick<Database, "query">;
  readonly clock: Clock;
  readonly log: Logger;
  /** Finished runs of cron jobs older than this go. */
  readonly retainMs: number;
  /** Between rounds. Default an hour. */
  readonly everyMs?: number;
}

const BATCH = 1_000;

/** Keeps the history of cron jobs at a bearable size: a job that runs every ten seconds leaves three million runs a year. */
export const createHistoryKeeper = (options: HistoryKeeperOptions): ContinuousWorker & { round(): Promise<number> } => {
  const { database, clock, log, retainMs, everyMs = 3_600_000 } = options;
  const history = createJobHistory(database);
  let stopping = false;
  let timer: NodeJS.Timeout | undefined;
  let running: Promise<void> | undefined;

  const round = async (): Promise<number> => {
    const before = new Date(clock.now().getTime() - retainMs);
    for (let total = 0; ; ) {
      const gone = await history.prune(before, BATCH);
      total += gone;
      if (gone < BATCH || stopping) return total;
    }
  };
  const turn = () => {
    running = round()
      .then((gone) => {
        if (gone > 0) log.info({ gone }, "old runs of jobs were removed");
      })
      .catch((err: unknown) => log.warn({ err }, "old runs of jobs could not be removed"))
      .finally(() => {
        if (!stopping) timer = setTimeout(turn, everyMs).unref();
      });
  };

  return {
    name: "job-history",
    kind: "cron",
    round,
    async start() {
      // Not at the start, when everybody wants the database.
      timer ??= setTimeout(turn, Math.min(everyMs, 60_000)).unref();
    },
    async stop() {
      stopping = true;
      clearTimeout(timer);
      await running;
    },
    async healthCheck() {},
  };
};
