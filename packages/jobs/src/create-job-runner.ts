import type { Tracer } from "@opentelemetry/api";
import { AppError, type Clock, systemClock } from "@tandem/kernel";
import type { Database } from "@tandem/postgres";
import type { ContinuousWorker, Logger, Metrics } from "@tandem/runtime";
import { type CronJob, cronBindingName } from "./define-cron-job.ts";
import { executeRun } from "./execute-run.ts";
import { makeJobMetrics } from "./job-metrics.ts";
import { planMissed, planQueue } from "./plan-queue.ts";
import { type ActiveRun, makeRunStore } from "./run-store.ts";
import { parseSchedule } from "./schedule.ts";

export interface JobRunnerOptions {
  readonly database: Database;
  readonly jobs: readonly CronJob[];
  /** Names this process in leases and history; unique, e.g. the pod's name. */
  readonly owner: string;
  readonly log: Logger;
  readonly clock?: Clock;
  readonly metrics?: Metrics;
  readonly tracer?: Tracer;
  /** Longest pause between looks for requested, missed and abandoned runs. Default 1000. */
  readonly maxPollMs?: number;
  /** How long a run may go on after its signal aborted, before it is given up. Default 10000. */
  readonly abortGraceMs?: number;
}

export interface JobRunner extends ContinuousWorker {
  /**
   * A binding fired: queues its slot, if no replica has, and runs it, if no run of the job is going. Resolves once that is
   * decided; the run itself goes on. `started`: a run began in this process, though it may be that of an older slot.
   * @throws AppError not_found `job.not_found`
   */
  trigger(job: string, firedAt: Date): Promise<{ readonly slot: Date | undefined; readonly started: boolean }>;
  /** One look for due, missed and abandoned runs, as the worker does by itself. */
  sweep(): Promise<void>;
  /** Resolves when no run is going in this process. */
  idle(): Promise<void>;
  /** Handlers for the app callback server, by name of the binding. */
  readonly bindings: Readonly<Record<string, (firedAt: Date) => Promise<void>>>;
}

const maxSlotsLookedBack = 100;

/** Runs the cron jobs of one context: Dapr's bindings say when, Postgres says who. */
export const createJobRunner = (options: JobRunnerOptions): JobRunner => {
  const { database, owner, log, clock = systemClock, maxPollMs = 1_000, abortGraceMs = 10_000 } = options;
  const jobs = new Map(options.jobs.map((job) => [job.name, { job, schedule: parseSchedule(job.schedule) }]));
  if (jobs.size !== options.jobs.length) throw new AppError("internal", "job.duplicate", "Two jobs have one name");
  const names = [...jobs.keys()];
  const store = makeRunStore(database, owner);
  const metrics = makeJobMetrics(options.metrics);
  const deps = { store, log, tracer: options.tracer, abortGraceMs };
  const killing = new AbortController();
  const running = new Map<string, Promise<void>>();
  let stopping = false;
  let loop: Promise<void> | undefined;
  let wake = () => {};
  let lastSweepAtMs = 0;
  let lastError: unknown;

  /** Starts the job's oldest waiting run. False: nothing to do, or a run is going. */
  const startNext = async (job: CronJob, active?: readonly ActiveRun[]): Promise<boolean> => {
    if (stopping || running.has(job.name)) return false;
    const due = (active ?? (await store.listActive([job.name]))).filter(
      (run) => run.job === job.name && run.status === "due",
    );
    if (due.length === 0) return false;
    const given = planQueue(job, due, clock.now());
    metrics.missed(
      job.name,
      await store.skip(
        given.map(({ id }) => id),
        "the job was busy, or nobody came in time",
      ),
    );
    if (given.length === due.length || stopping || running.has(job.name)) return false;
    const { promise, resolve } = Promise.withResolvers<void>();
    running.set(job.name, promise); // before the claim is sent: this process must not send two
    const claimedAtMs = performance.now();
    const run = await store.claim(job.name, job.leaseMs).catch((error) => {
      running.delete(job.name);
      resolve();
      throw error;
    });
    if (!run) {
      running.delete(job.name);
      resolve();
      return false;
    }
    metrics.began(job.name);
    void executeRun(deps, job, run, claimedAtMs, killing.signal)
      .then(async (result) => {
        metrics.ended(job.name, result?.status, (performance.now() - claimedAtMs) / 1_000);
        if (result?.status === "succeeded") metrics.succeededAt(job.name, clock.now());
        if (result?.status === "abandoned") await rerun(job, run);
      })
      .catch((err) => log.error({ err, job: job.name }, "job run could not be concluded"))
      .finally(() => {
        running.delete(job.name);
        resolve();
        wake(); // the next one may be waiting already
      });
    return true;
  };

  const rerun = async (
    job: CronJob,
    { scheduledAt, attempt }: { readonly scheduledAt: Date; readonly attempt: number },
  ) => {
    if (job.abandoned === "leave" || attempt >= job.maxAttempts) return;
    await store.enqueue(job.name, [scheduledAt], { cause: "abandoned", attempt: attempt + 1 });
  };

  const accountForMissed = async (name: string, accountedUntil: Date) => {
    const entry = jobs.get(name);
    if (!entry) return;
    const { job, schedule } = entry;
    const until = new Date(clock.now().getTime() - job.missedAfterMs);
    const slots = schedule.between(accountedUntil, until, maxSlotsLookedBack);
    const last = slots.at(-1);
    if (!last) return;
    const plan = planMissed(job, slots, await store.listSlots(name, accountedUntil, last));
    const queued = await store.enqueue(name, plan.run, { cause: "missed", note: "nobody came in time" });
    const skipped = await store.enqueue(name, plan.skip, {
      cause: "missed",
      status: "skipped",
      note: "nobody came in time",
    });
    await store.accountUntil(name, last);
    if (queued + skipped === 0) return;
    metrics.missed(name, queued + skipped);
    log.warn({ job: name, queued, skipped, from: slots[0], until: last }, "slots were missed");
  };

  const sweep = async () => {
    for (const dead of await store.abandonDead(names)) {
      metrics.abandoned(dead.job);
      log.error({ ...dead, runId: dead.id }, "run abandoned: its worker stopped renewing the lease");
      const entry = jobs.get(dead.job);
      if (entry) await rerun(entry.job, dead);
    }
    for (const { name, accountedUntil } of await store.listJobs(names)) await accountForMissed(name, accountedUntil);
    const active = await store.listActive(names);
    for (const { job } of jobs.values()) await startNext(job, active);
    lastSweepAtMs = performance.now();
  };

  const poll = async () => {
    while (!stopping) {
      try {
        await sweep();
        lastError = undefined;
      } catch (err) {
        lastError = err;
        log.warn({ err }, "jobs could not be swept");
      }
      if (stopping) return;
      await new Promise<void>((resolve) => {
        const timer = setTimeout(() => wake(), maxPollMs);
        wake = () => {
          clearTimeout(timer);
          wake = () => {};
          resolve();
        };
      });
    }
  };

  const idle = async () => {
    while (running.size > 0) await Promise.all(running.values());
  };

  const trigger: JobRunner["trigger"] = async (name, firedAt) => {
    const entry = jobs.get(name);
    if (!entry) throw new AppError("not_found", "job.not_found", `There is no job ${name}`);
    const slot = entry.schedule.slotOf(firedAt);
    if (!slot || stopping) return { slot, started: false };
    await store.enqueue(name, [slot], { cause: "schedule" });
    return { slot, started: await startNext(entry.job) };
  };

  return {
    name: "jobs",
    kind: "cron",
    async start(signal) {
      if (loop) return;
      signal.addEventListener("abort", () => killing.abort(signal.reason), { once: true });
      for (const { job } of jobs.values()) await store.register(job, clock.now());
      for (const { job, at } of await store.listLastSuccess(names)) metrics.succeededAt(job, at);
      lastSweepAtMs = performance.now();
      loop = poll();
    },
    async stop() {
      stopping = true;
      wake();
      await loop;
      await idle();
    },
    async healthCheck() {
      if (loop && !stopping && performance.now() - lastSweepAtMs > maxPollMs + 30_000) {
        throw new Error("jobs were not swept for 30 s", { cause: lastError });
      }
    },
    trigger,
    sweep,
    idle,
    bindings: Object.fromEntries(
      options.jobs.map((job) => [
        cronBindingName(job),
        async (firedAt: Date) => {
          await trigger(job.name, firedAt);
        },
      ]),
    ),
  };
};
