import {
  type CronJobSpec,
  createJobHistory,
  createJobRunner,
  defineCronJob,
  type JobContext,
  type JobRunner,
  type JobRunnerOptions,
  jobsMigrations,
} from "@tandem/jobs";
import { captureLog, createTestDatabase, manualClock } from "@tandem/testkit";

/** A slot of the job that runs every minute. */
export const slot = (minute: number) => new Date(Date.UTC(2026, 0, 1, 10, minute));

/** A database, a clock, and runners that look for work only when the test says so. */
export const makeFixture = async () => {
  const db = await createTestDatabase({ sets: [jobsMigrations] });
  const clock = manualClock(slot(0));
  const { log } = captureLog();
  const history = createJobHistory(db.database);
  let runners: JobRunner[] = [];
  let count = 0;
  let name = "";
  const runs = async () => (await history.listRuns({ job: name })).items.toReversed();

  return {
    db,
    clock,
    log,
    history,
    /** The job of the current test. */
    get name() {
      return name;
    },
    /** Another job, with no past; the clock stands at slot 0. */
    nextJob: () => {
      name = `test.job-${++count}`;
      clock.set(slot(0));
    },
    makeRunner: async (
      spec: Partial<CronJobSpec>,
      owner = `worker-${runners.length}`,
      more: Partial<JobRunnerOptions> = {},
      signal = new AbortController().signal,
    ) => {
      const job = defineCronJob({
        name,
        schedule: "0 * * * * *",
        timeoutMs: 30_000,
        run: async () => undefined,
        ...spec,
      });
      const runner = createJobRunner({
        database: db.database,
        jobs: [job],
        owner,
        clock,
        log,
        maxPollMs: 600_000,
        ...more,
      });
      await runner.start(signal);
      runners.push(runner);
      return runner;
    },
    stopRunners: async () => {
      await Promise.all(runners.map((runner) => runner.stop()));
      runners = [];
    },
    /** For runs that never end. */
    forgetRunners: () => {
      runners = [];
    },
    /** Oldest first. */
    runs,
    outcome: async () =>
      (await runs()).map(({ scheduledAt, status, attempt }) => [scheduledAt.getUTCMinutes(), status, attempt]),
    expireLease: () =>
      db.database.query("update tandem.job set lease_until = clock_timestamp() where name = $1", [name]),
    [Symbol.asyncDispose]: () => db.dispose(),
  };
};

/** A job that waits for the test, and notes what it saw. */
export const makeGate = () => {
  const began: JobContext[] = [];
  let open = Promise.withResolvers<void>();
  return {
    began,
    run: async (context: JobContext) => {
      began.push(context);
      const aborted = new Promise<never>((_, reject) => {
        context.signal.addEventListener("abort", () => reject(context.signal.reason), { once: true });
      });
      await Promise.race([open.promise, aborted]);
      return { done: 1 };
    },
    /** Lets those go that wait now. */
    open: () => {
      open.resolve();
      open = Promise.withResolvers();
    },
  };
};
