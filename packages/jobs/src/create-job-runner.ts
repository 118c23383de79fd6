import type { Tracer } from "@opentelemetry/api";
import { AppError, type Clock, systemClock } from "@tandem/kernel";
import type { Database } from "@tandem/postgres";
import type { ContinuousWorker, Logger, Metrics } from "@tandem/runtime";
import { createLanes } from "./create-lanes.ts";
import { type CronJob, cronBindingName } from "./define-cron-job.ts";
import { executeRun } from "./execute-run.ts";
import { makeJobMetrics } from "./job-metrics.ts";
import { planMissed, planQueue } from "./plan-queue.ts";
import { type ClaimedRun, makeRunStore } from "./run-store.ts";
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
   * decided; the run itself goes on. `first`: nobody had queued this slot before.
   * @throws AppError not_found `job.not_found`
   */
  trigger(job: string, firedAt: Date): Promise<{ readonly slot: Date | undefined; readonly first: boolean }>;
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
  const metrics = makeJobMetrics(options.metrics, names);
  const deps = { store, log, tracer: options.tracer, abortGraceMs };
  const killing = new AbortController();
  let stopping = false;
  let loop: Promise<void> | undefined;
  let wake = () => {};
  let lastSweepAtMs = 0;
  let lastError: unknown;

  const beginNext = async (job: CronJob) => {
    const active = await store.listActive([job.name]);
    const due = active.filter(({ status }) => status === "due");
    if (due.length === 0) return undefined;
    const givenUp = planQueue(job, due, clock.now());
    metrics.missed(job.name, await store.skip(givenUp, "the job was busy, or nobody came in time"), clock.now());
    const claimedAtMs = performance.now();
    const run = givenUp.length < due.length && !stopping ? await store.claim(job.name, job.leaseMs) : undefined;
    return run && { ended: conduct(job, run, claimedAtMs) };
  };

  const conduct = async (job: CronJob, run: ClaimedRun, claimedAtMs: number) => {
    metrics.began(job.name);
    const result = await executeRun(deps, job, run, claimedAtMs, killing.signal);
    metrics.ended(job.name, result?.status, (performance.now() - claimedAtMs) / 1_000);
    if (result?.status === "succeeded") metrics.succeededAt(job.name, clock.now());
  };
  const lanes = createLanes(log, beginNext);

  /** @returns whether runs were queued */
  const accountForMissed = async (name: string, accountedUntil: Date): Promise<boolean> => {
    const entry = jobs.get(name);
    if (!entry) return false;
    const { job, schedule } = entry;
    const until = new Date(clock.now().getTime() - job.missedAfterMs);
    const slots = schedule.between(accountedUntil, until, maxSlotsLookedBack);
    const last = slots.at(-1);
    if (!last) return false;
    const plan = planMissed(job, slots, await store.listSlots(name, accountedUntil, last));
    const queued = await store.enqueue(name, plan.run, { cause: "missed", note: "nobody came in time" });
    const skipped = await store.enqueue(name, plan.skip, {
      cause: "missed",
      status: "skipped",
      note: "nobody came in time",
    });
    await store.accountUntil(name, last);
    if (queued + skipped === 0) return false;
    metrics.missed(name, queued + skipped, clock.now());
    log.warn({ job: name, queued, skipped, from: slots[0], until: last }, "slots were missed");
    return queued > 0;
  };

  /** One statement where nothing is to be done, which is nearly always. */
  const sweep = async () => {
    let states = await store.listJobs(names);
    if (states.some(({ leaseLeftMs }) => leaseLeftMs !== null && leaseLeftMs <= 0)) {
      for (const dead of await store.abandonDead(options.jobs)) {
        metrics.abandoned(dead.job);
        log.error(dead, "run abandoned: its worker stopped renewing the lease");
      }
      states = await store.listJobs(names);
    }
    const waiting = new Set<string>();
    for (const { name, accountedUntil, waiting: waits } of states)
      if ((await accountForMissed(name, accountedUntil)) || waits) waiting.add(name);
    await Promise.all([...jobs.values()].filter(({ job }) => waiting.has(job.name)).map(({ job }) => lanes.kick(job)));
    lastSweepAtMs = performance.now();
  };

  const poll = async () => {
    for (;;) {
      await pause();
      if (stopping) return;
      try {
        await sweep();
        lastError = undefined;
      } catch (err) {
        lastError = err;
        log.warn({ err }, "jobs could not be swept");
      }
    }
  };
  const pause = () =>
    new Promise<void>((resolve) => {
      // Never later than promised, and not in step with every other worker of the process.
      const timer = setTimeout(() => wake(), stopping ? 0 : maxPollMs * (0.7 + 0.3 * Math.random()));
      wake = () => {
        clearTimeout(timer);
        wake = () => {};
        resolve();
      };
    });

  const halt = () => {
    stopping = true;
    lanes.stop();
    wake();
  };

  const trigger: JobRunner["trigger"] = async (name, firedAt) => {
    const entry = jobs.get(name);
    if (!entry) throw new AppError("not_found", "job.not_found", `There is no job ${name}`);
    const slot = entry.schedule.slotOf(firedAt);
    if (!slot || stopping) return { slot, first: false };
    const first = (await store.enqueue(name, [slot], { cause: "schedule" })) === 1;
    await lanes.kick(entry.job);
    return { slot, first };
  };

  return {
    name: "jobs",
    kind: "cron",
    async start(signal) {
      if (loop) return;
      const kill = () => {
        halt();
        killing.abort(signal.reason);
      };
      signal.addEventListener("abort", kill, { once: true });
      for (const { job } of jobs.values()) await store.register(job, clock.now());
      for (const { job, at } of await store.listLastSuccess(names)) metrics.succeededAt(job, at);
      for (const { job, at } of await store.listLastMissed(names)) metrics.missedAt(job, at);
      await sweep(); // what waits or was missed is dealt with before the worker calls itself started
      loop = poll();
    },
    async stop() {
      halt();
      await loop;
      await lanes.idle();
    },
    async healthCheck() {
      if (loop && !stopping && performance.now() - lastSweepAtMs > maxPollMs + 30_000) {
        throw new Error("jobs were not swept for 30 s", { cause: lastError });
      }
    },
    trigger,
    sweep,
    idle: lanes.idle,
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
