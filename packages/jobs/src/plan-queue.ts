import type { CronJob, RunCause } from "./define-cron-job.ts";

/** A run that waits for a worker. */
export interface DueRun {
  readonly id: string;
  readonly scheduledAt: Date;
  readonly cause: RunCause;
}

type Policy = Pick<CronJob, "missed" | "missedAfterMs" | "maxMissedRuns">;
const isSlot = ({ cause }: DueRun) => cause === "schedule" || cause === "missed";

/**
 * Which of the waiting runs (ascending by slot) the job's policy gives up because they wait too long or too many: a slot
 * that comes while the previous run is still going must neither overlap it nor pile up behind it for ever. Runs that a
 * person asked for, and second attempts, are never given up.
 */
export const planQueue = (
  { missed, missedAfterMs, maxMissedRuns }: Policy,
  due: readonly DueRun[],
  now: Date,
): readonly DueRun[] => {
  const slots = due.filter(isSlot);
  switch (missed) {
    case "skip":
      return slots.filter(({ scheduledAt }) => scheduledAt.getTime() < now.getTime() - missedAfterMs);
    case "run-once":
      return slots.slice(0, -1);
    case "run-all":
      return slots.slice(0, -maxMissedRuns);
  }
};

export interface MissedPlan {
  readonly run: readonly Date[];
  readonly skip: readonly Date[];
}

/** What to do about slots (ascending) for which nobody came; `known` are those with a run of any kind. */
export const planMissed = (
  { missed, maxMissedRuns }: Policy,
  slots: readonly Date[],
  known: readonly Date[],
): MissedPlan => {
  const taken = new Set(known.map((slot) => slot.getTime()));
  const open = slots.filter((slot) => !taken.has(slot.getTime()));
  const latestKnown = Math.max(...taken, Number.NEGATIVE_INFINITY);
  switch (missed) {
    case "skip":
      return { run: [], skip: open };
    case "run-once": {
      // A run of a later slot has made up for the earlier ones already.
      const last = open.at(-1);
      if (!last || last.getTime() < latestKnown) return { run: [], skip: open };
      return { run: [last], skip: open.slice(0, -1) };
    }
    case "run-all":
      return { run: open.slice(-maxMissedRuns), skip: open.slice(0, -maxMissedRuns) };
  }
};
