import type { Database } from "@tandem/postgres";
import type { CronJob, JobSummary, RunCause } from "./define-cron-job.ts";
import type { DueRun } from "./plan-queue.ts";

export type RunStatus = "due" | "running" | "succeeded" | "failed" | "timed_out" | "abandoned" | "skipped";
export type FinalStatus = Exclude<RunStatus, "due" | "running" | "skipped">;

export interface ClaimedRun {
  readonly id: string;
  readonly scheduledAt: Date;
  readonly cause: RunCause;
  readonly attempt: number;
  readonly token: bigint;
}
export interface AbandonedRun {
  readonly runId: string;
  readonly job: string;
  readonly scheduledAt: Date;
  readonly attempt: number;
  readonly owner: string;
}
export interface RunResult {
  readonly status: FinalStatus;
  readonly summary?: JobSummary | undefined;
  readonly error?: string | undefined;
  readonly note?: string | undefined;
}

const lease = (parameter: string) => `${parameter}::float8 * interval '1 millisecond'`;

// In the statement that ends the run: a second attempt cannot get lost between the two.
const again = `
      insert into tandem.job_run (job, scheduled_at, attempt, cause, status, created_at)
      select job, scheduled_at, attempt + 1, 'abandoned', 'due', clock_timestamp() from gone
      where status = 'abandoned' and attempt < attempts
      on conflict (job, scheduled_at, attempt) do nothing`;

const sql = {
  register: `
    insert into tandem.job as known (name, schedule, description, timeout_ms, accounted_until, registered_at)
    values ($1, $2, $3, $4, $5, $5)
    on conflict (name) do update set
      -- Slots of a new schedule that lie in the past were never promised.
      accounted_until = case when known.schedule = excluded.schedule then known.accounted_until else excluded.accounted_until end,
      schedule = excluded.schedule, description = excluded.description, timeout_ms = excluded.timeout_ms,
      registered_at = excluded.registered_at`,
  enqueue: `
    insert into tandem.job_run (job, scheduled_at, attempt, cause, status, note, created_at)
    select $1, slot, 1, $3, $4, $5, clock_timestamp() from unnest($2::timestamptz[]) as slot
    on conflict (job, scheduled_at, attempt) do nothing`,
  // The lease and the run change hands in one statement. 'due' is asked once more of the row itself: by the time the
  // lease was granted, the run that this statement's snapshot showed may have come and gone.
  claim: `
    with leased as (
      update tandem.job set token = token + 1, owner = $2, lease_until = clock_timestamp() + ${lease("$3")}
      where name = $1 and (lease_until is null or lease_until <= clock_timestamp())
        and exists (select from tandem.job_run where job = $1 and status = 'due')
        and not exists (select from tandem.job_run where job = $1 and status = 'running')
      returning token
    ), picked as (
      update tandem.job_run r set status = 'running', owner = $2, token = leased.token, started_at = clock_timestamp()
      from leased
      where r.status = 'due' and r.id = (
        select id from tandem.job_run where job = $1 and status = 'due' order by scheduled_at, attempt limit 1)
      returning r.id, r.scheduled_at, r.cause, r.attempt
    )
    select leased.token::text, picked.id::text, picked.scheduled_at as "scheduledAt", picked.cause, picked.attempt
    from leased left join picked on true`,
  renew: `
    update tandem.job set lease_until = clock_timestamp() + ${lease("$4")}
    where name = $1 and owner = $2 and token = $3 and lease_until > clock_timestamp()`,
  release: `update tandem.job set owner = null, lease_until = null where name = $1 and owner = $2 and token = $3`,
  // Fenced: only the holder of a lease that still runs may write.
  finish: `
    with freed as (
      update tandem.job set owner = null, lease_until = null
      where name = $1 and token = $3 and lease_until > clock_timestamp()
      returning name
    ), gone as (
      update tandem.job_run r set status = $4, finished_at = clock_timestamp(), summary = $5, error = $6, note = $7
      from freed where r.job = freed.name and r.id = $2 and r.token = $3 and r.status = 'running'
      returning r.job, r.scheduled_at, r.attempt, r.status, $8::integer as attempts
    ), again as (${again})
    select from gone`,
  // The jobs' rows are locked, so that a renewal in flight is waited for and seen.
  abandon: `
    with dead as (
      select name, attempts from tandem.job join unnest($1::text[], $2::integer[]) as known(job, attempts) on job = name
      where lease_until <= clock_timestamp() for update of job
    ), gone as (
      update tandem.job_run r set status = 'abandoned', finished_at = clock_timestamp(), error = 'the worker stopped renewing its lease'
      from dead where r.job = dead.name and r.status = 'running'
      returning r.id, r.job, r.scheduled_at, r.attempt, r.owner, r.status, dead.attempts
    ), again as (${again})
    select id::text as "runId", job, scheduled_at as "scheduledAt", attempt, owner from gone`,
};

export interface ActiveRun extends DueRun {
  readonly job: string;
  readonly status: "due" | "running";
}
export interface JobState {
  readonly name: string;
  readonly accountedUntil: Date;
  /** Milliseconds until the lease ends; absent without one. */
  readonly leaseLeftMs: number | null;
  /** A run of it waits to be begun. */
  readonly waiting: boolean;
}

/** Named: each worker asks more than once a second. */
const LOOK = `
  select name, accounted_until as "accountedUntil",
    (extract(epoch from lease_until - clock_timestamp()) * 1000)::float8 as "leaseLeftMs",
    exists (select from tandem.job_run r where r.job = name and r.status = 'due') as waiting
  from tandem.job where name = any($1)`;

type Row<T> = T & Record<string, unknown>;
const attemptsOf = ({ abandoned, maxAttempts }: CronJob): number => (abandoned === "leave" ? 1 : maxAttempts);

/** The two tables, one statement an operation. Leases go by the database's clock. */
export const makeRunStore = (database: Database, owner: string) => {
  const query = <R>(text: string, values: unknown[]) => database.query<Row<R>>(text, values);
  return {
    async register({ name, schedule, description, timeoutMs }: CronJob, now: Date): Promise<void> {
      await query(sql.register, [name, schedule, description, timeoutMs, now]);
    },
    /** Rows that exist already are left as they are. Answers how many are new. */
    async enqueue(
      job: string,
      slots: readonly Date[],
      run: { cause: "schedule" | "missed"; status?: "due" | "skipped"; note?: string },
    ): Promise<number> {
      if (slots.length === 0) return 0;
      const values = [job, slots, run.cause, run.status ?? "due", run.note ?? null];
      return (await query(sql.enqueue, values)).rowCount ?? 0;
    },
    /** The oldest waiting run, unless one is running already. */
    async claim(job: string, leaseMs: number): Promise<ClaimedRun | undefined> {
      const { rows } = await query<Omit<ClaimedRun, "token" | "id"> & { token: string; id: string | null }>(sql.claim, [
        job,
        owner,
        leaseMs,
      ]);
      const row = rows[0];
      if (!row) return undefined;
      const token = BigInt(row.token);
      if (row.id !== null) return { ...row, id: row.id, token };
      await query(sql.release, [job, owner, token.toString()]);
      return undefined;
    },
    async renew(job: string, token: bigint, leaseMs: number): Promise<boolean> {
      return (await query(sql.renew, [job, owner, token.toString(), leaseMs])).rowCount === 1;
    },
    /** False: the lease was lost meanwhile, nothing was written. */
    async finish(job: CronJob, run: ClaimedRun, { status, summary, error, note }: RunResult): Promise<boolean> {
      const result = [status, summary ?? null, error ?? null, note ?? null];
      const values = [job.name, run.id, run.token.toString(), ...result, attemptsOf(job)];
      return (await query(sql.finish, values)).rowCount === 1;
    },
    /** Runs whose lease ran out; each is queued again where its job wants that. */
    async abandonDead(jobs: readonly CronJob[]): Promise<readonly AbandonedRun[]> {
      return (await query<AbandonedRun>(sql.abandon, [jobs.map(({ name }) => name), jobs.map(attemptsOf)])).rows;
    },
    async skip(runs: readonly DueRun[], note: string): Promise<number> {
      if (runs.length === 0) return 0;
      const { rowCount } = await query(
        "update tandem.job_run set status = 'skipped', note = $2, finished_at = clock_timestamp() where id = any($1::bigint[]) and status = 'due'",
        [runs.map(({ id }) => id), note],
      );
      return rowCount ?? 0;
    },
    /** Waiting and running, ascending by slot. */
    async listActive(jobs: readonly string[]): Promise<readonly ActiveRun[]> {
      const { rows } = await query<ActiveRun>(
        `select id::text, job, scheduled_at as "scheduledAt", cause, status from tandem.job_run
         where job = any($1) and status in ('due', 'running') order by scheduled_at, attempt`,
        [jobs],
      );
      return rows;
    },
    async listJobs(jobs: readonly string[]): Promise<readonly JobState[]> {
      const { rows } = await database.query<Row<JobState>>({ name: "jobs look", text: LOOK, values: [jobs] });
      return rows;
    },
    async listSlots(job: string, after: Date, until: Date): Promise<readonly Date[]> {
      const { rows } = await query<{ at: Date }>(
        "select distinct scheduled_at as at from tandem.job_run where job = $1 and scheduled_at > $2 and scheduled_at <= $3 and cause <> 'request'",
        [job, after, until],
      );
      return rows.map(({ at }) => at);
    },
    async accountUntil(job: string, until: Date): Promise<void> {
      await query("update tandem.job set accounted_until = $2 where name = $1 and accounted_until < $2", [job, until]);
    },
    async listLastSuccess(jobs: readonly string[]): Promise<readonly { readonly job: string; readonly at: Date }[]> {
      const { rows } = await query<{ job: string; at: Date }>(
        "select job, max(finished_at) as at from tandem.job_run where job = any($1) and status = 'succeeded' group by job",
        [jobs],
      );
      return rows;
    },
    /** When a missed slot was last noticed; slots that were skipped because the job was busy count. */
    async listLastMissed(jobs: readonly string[]): Promise<readonly { readonly job: string; readonly at: Date }[]> {
      const { rows } = await query<{ job: string; at: Date }>(
        `select job, max(case cause when 'missed' then created_at else finished_at end) as at from tandem.job_run
         where job = any($1) and (cause = 'missed' or (status = 'skipped' and finished_at is not null)) group by job`,
        [jobs],
      );
      return rows;
    },
  };
};
export type RunStore = ReturnType<typeof makeRunStore>;
