import type { Logger } from "@tandem/runtime";
import type { CronJob } from "./define-cron-job.ts";

interface Lane {
  /** Somebody asked for another look since the last one. */
  again: boolean;
  readonly decided: Promise<void>;
  readonly done: Promise<void>;
}

export interface Lanes {
  /** Has the job's waiting runs made, one after another. Resolves once it is decided whether one begins now. */
  kick(job: CronJob): Promise<void>;
  idle(): Promise<void>;
  stop(): void;
}

/**
 * One lane a job, so that a process never has two claims of it under way. `beginNext` answers the end of the run that it
 * began, or `undefined` when there is nothing to run here.
 */
export const createLanes = (
  log: Logger,
  beginNext: (job: CronJob) => Promise<{ readonly ended: Promise<void> } | undefined>,
): Lanes => {
  const lanes = new Map<string, Lane>();
  let stopped = false;

  const drive = async (job: CronJob, lane: Lane, decide: () => void) => {
    do {
      lane.again = false;
      const run = await beginNext(job);
      decide();
      if (!run) continue;
      await run.ended;
      lane.again = true; // the next one may have come meanwhile
    } while (lane.again && !stopped);
  };

  return {
    kick(job) {
      const current = lanes.get(job.name);
      if (current) {
        current.again = true;
        return current.decided;
      }
      if (stopped) return Promise.resolve();
      const decided = Promise.withResolvers<void>();
      const done = Promise.withResolvers<void>();
      const lane: Lane = { again: false, decided: decided.promise, done: done.promise };
      lanes.set(job.name, lane);
      drive(job, lane, decided.resolve)
        .catch((err) => {
          log.warn({ err, job: job.name }, "job could not be claimed");
          decided.reject(err); // without effect once a run has begun: the sweep comes back
        })
        .finally(() => {
          lanes.delete(job.name);
          done.resolve();
        });
      return decided.promise;
    },
    async idle() {
      while (lanes.size > 0) await Promise.all([...lanes.values()].map((lane) => lane.done));
    },
    stop() {
      stopped = true;
    },
  };
};
