import { AppError } from "@tandem/kernel";
import type { Logger } from "@tandem/runtime";
import { parseSchedule } from "./schedule.ts";

/** What a run leaves in the history: a few figures. */
export type JobSummary = Readonly<Record<string, string | number | boolean | null>>;
/** Why a run takes place. */
export type RunCause = "schedule" | "missed" | "request" | "abandoned";

export interface JobContext {
  /** The slot that this run stands for (UTC), not the moment it began; for a requested run, when it was asked for. */
  readonly scheduledAt: Date;
  readonly cause: RunCause;
  /** 1, or more when an earlier run of the slot was abandoned. */
  readonly attempt: number;
  /** Aborts on timeout, on loss of the lease and when the process must go. */
  readonly signal: AbortSignal;
  /** Fencing token: grows with every run of the job. Hand it to whatever must refuse a run that lost its lease. */
  readonly token: bigint;
  readonly log: Logger;
}

export interface CronJobSpec {
  /** `<context>.<job>`, e.g. `warehouse.reservation-expiry`. Identity in the history and of the Dapr binding. */
  readonly name: string;
  /** Six fields (seconds first), UTC, in the dialect that croner and Dapr share: `*`, `/`, `-`, `,`, numbers and English names. */
  readonly schedule: string;
  /** One sentence for the console. */
  readonly description?: string;
  /** The run's `signal` aborts after this. 1 s to 24 h. */
  readonly timeoutMs: number;
  /**
   * What becomes of slots in which nothing could run (no worker, or the previous run took too long). Default `run-once`.
   * `skip`: recorded only. `run-once`: one run for all of them. `run-all`: one each, oldest first, up to `maxMissedRuns`.
   */
  readonly missed?: "skip" | "run-once" | "run-all";
  /** A slot in which nothing has begun counts as missed after this. Default 10000. */
  readonly missedAfterMs?: number;
  /** Of `run-all`; older ones are recorded as skipped. 1 to 100. Default 24. */
  readonly maxMissedRuns?: number;
  /** A run whose process died: again at once, or not before the next slot. Default `rerun`, but `leave` with `missed: "skip"`. */
  readonly abandoned?: "rerun" | "leave";
  /** Runs of one slot in all, when they keep being abandoned. Default 3. */
  readonly maxAttempts?: number;
  /** How long after the death of its process a run counts as abandoned. Renewed every third of it. 300 ms or more. Default 15000. */
  readonly leaseMs?: number;
  /** Does the work; must stop when `signal` aborts, and bear to be repeated. What it throws becomes the run's error. */
  readonly run: (context: JobContext) => Promise<JobSummary | undefined>;
}

export type CronJob = Required<CronJobSpec>;

/**
 * Checks a job's definition when the program starts.
 * @throws AppError internal `job.invalid_definition`
 */
export const defineCronJob = (spec: CronJobSpec): CronJob => {
  const { missed = "run-once" } = spec;
  const job: CronJob = {
    description: "",
    missedAfterMs: 10_000,
    maxMissedRuns: 24,
    abandoned: missed === "skip" ? "leave" : "rerun",
    maxAttempts: 3,
    leaseMs: 15_000,
    ...spec,
    missed,
  };
  const faults: string[] = [];
  if (!/^[a-z][a-z0-9-]*(\.[a-z][a-z0-9-]*)+$/.test(job.name)) faults.push("name must look like order.saga-timeout");
  if (!(job.timeoutMs >= 1_000 && job.timeoutMs <= 86_400_000)) faults.push("timeoutMs must be 1000 to 86400000");
  if (!(job.leaseMs >= 300)) faults.push("leaseMs must be 300 or more");
  if (!(job.maxMissedRuns >= 1 && job.maxMissedRuns <= 100)) faults.push("maxMissedRuns must be 1 to 100");
  if (!(job.maxAttempts >= 1)) faults.push("maxAttempts must be 1 or more");
  if (!(job.missedAfterMs >= 0)) faults.push("missedAfterMs must be 0 or more");
  try {
    parseSchedule(job.schedule);
  } catch (error) {
    faults.push(error instanceof Error ? error.message : String(error));
  }
  if (faults.length > 0) throw new AppError("internal", "job.invalid_definition", `${job.name}: ${faults.join("; ")}`);
  return job;
};

/** Name of the Dapr cron binding that fires the job: `cron-` and the name with dashes for dots. */
export const cronBindingName = ({ name }: Pick<CronJob, "name">): string => `cron-${name.replaceAll(".", "-")}`;

/** Schedule of that binding. Dapr's cron reads plain expressions in the sidecar's local time, hence the prefix. */
export const cronBindingSchedule = ({ schedule }: Pick<CronJob, "schedule">): string => `CRON_TZ=UTC ${schedule}`;
