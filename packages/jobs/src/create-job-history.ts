import { AppError, decodeCursor, encodeCursor } from "@tandem/kernel";
import type { Database } from "@tandem/postgres";
import type { JobSummary, RunCause } from "./define-cron-job.ts";
import type { RunStatus } from "./run-store.ts";
import { parseSchedule } from "./schedule.ts";

export interface JobRun {
  readonly id: string;
  readonly job: string;
  /** The slot; for a requested run, when it was asked for. */
  readonly scheduledAt: Date;
  readonly attempt: number;
  readonly cause: RunCause;
  readonly status: RunStatus;
  readonly requestedBy: string | null;
  readonly owner: string | null;
  readonly startedAt: Date | null;
  readonly finishedAt: Date | null;
  readonly durationMs: number | null;
  readonly summary: JobSummary | null;
  readonly error: string | null;
  readonly note: string | null;
}
export interface JobInfo {
  readonly name: string;
  readonly schedule: string;
  readonly description: string;
  readonly timeoutMs: number;
  /** Who runs it now. */
  readonly runningOn: string | null;
  readonly nextSlot: Date | undefined;
  readonly lastRun: JobRun | undefined;
}
export interface RunQuery {
  readonly job?: string;
  readonly status?: RunStatus;
  /** 1 to 200. Default 50. */
  readonly limit?: number;
  readonly cursor?: string;
}

export interface BackfillRequest {
  readonly job: string;
  readonly from: Date;
  readonly to: Date;
  readonly maxSlots?: number;
  /** Also slots that have succeeded. */
  readonly again?: boolean;
  readonly requestedBy: string;
  readonly now: Date;
}

export interface JobHistory {
  /** The jobs that workers have registered, by name, each with its last run. */
  listJobs(now: Date): Promise<readonly JobInfo[]>;
  /** Newest first. @throws AppError invalid_argument `page.cursor_invalid` */
  listRuns(query?: RunQuery): Promise<{ readonly items: readonly JobRun[]; readonly nextCursor?: string }>;
  /** @throws AppError not_found `job.run_not_found` */
  getRunById(id: string): Promise<JobRun>;
  /**
   * Queues a run for the next free worker: same lock, same history as a slot. Answers it as it is queued.
   * @throws AppError not_found `job.not_found`
   */
  requestRun(job: string, requestedBy: string): Promise<JobRun>;
  /**
   * Queues the slots of a job within [from, to] that have not succeeded and do not wait or run: same lock, same history as any
   * run. Answers what it queued, oldest first; the same again queues nothing while that waits.
   * @throws AppError not_found `job.not_found`; invalid_argument `request.invalid` for a range that ends before it begins or in the future, or
   *   that has more than `maxSlots` (default 100, at most 1000) slots
   */
  requestBackfill(request: BackfillRequest): Promise<readonly JobRun[]>;
  /** Deletes finished runs older than that, at most `limit` (default 1000) at a time; answers how many. */
  prune(finishedBefore: Date, limit?: number): Promise<number>;
}

// A run's id leaves as text: a plain `order by id` would sort by that text.
const columns = `id::text, job, scheduled_at as "scheduledAt", attempt, cause, status, requested_by as "requestedBy", owner,
  started_at as "startedAt", finished_at as "finishedAt",
  (extract(epoch from finished_at - started_at) * 1000)::float8 as "durationMs", summary, error, note`;
const scope = "job_run:id_desc";
type Row<T> = T & Record<string, unknown>;

/** What people see and ask for; needs only the database, so the API hosts it. */
export const createJobHistory = (database: Pick<Database, "query">): JobHistory => ({
  async listJobs(now) {
    const { rows } = await database.query<
      Row<{ name: string; schedule: string; description: string; timeoutMs: number; runningOn: string | null }>
    >(
      `select name, schedule, description, timeout_ms as "timeoutMs",
         case when lease_until > clock_timestamp() then owner end as "runningOn" from tandem.job order by name`,
    );
    const last = await database.query<Row<JobRun>>(
      `select l.* from tandem.job j cross join lateral (
         select ${columns} from tandem.job_run where job = j.name and status not in ('due', 'skipped') order by job_run.id desc limit 1) l`,
    );
    const lastRuns = new Map(last.rows.map((run) => [run.job, run]));
    return rows.map((job) => ({
      ...job,
      nextSlot: parseSchedule(job.schedule).next(1, now)[0],
      lastRun: lastRuns.get(job.name),
    }));
  },
  async listRuns({ job, status, limit = 50, cursor } = {}) {
    const size = Math.min(Math.max(limit, 1), 200);
    const before = cursor ? decodeCursor(scope, cursor, ["int8"])[0] : null;
    const { rows } = await database.query<Row<JobRun>>(
      `select ${columns} from tandem.job_run
       where ($1::text is null or job = $1) and ($2::text is null or status = $2) and ($3::bigint is null or id < $3)
       order by job_run.id desc limit $4`,
      [job ?? null, status ?? null, before, size + 1],
    );
    const items = rows.slice(0, size);
    const last = items.at(-1);
    return rows.length > size && last ? { items, nextCursor: encodeCursor(scope, [last.id]) } : { items };
  },
  async getRunById(id) {
    // Ids are bigints; whatever else a caller sends is the id of no run.
    const { rows } = /^\d{1,18}$/.test(id)
      ? await database.query<Row<JobRun>>(`select ${columns} from tandem.job_run where id = $1`, [id])
      : { rows: [] };
    if (!rows[0]) throw new AppError("not_found", "job.run_not_found", `There is no run ${id}`);
    return rows[0];
  },
  async requestRun(job, requestedBy) {
    const { rows } = await database.query<Row<JobRun>>(
      `insert into tandem.job_run (job, scheduled_at, cause, status, requested_by, created_at)
       select name, clock_timestamp(), 'request', 'due', $2, clock_timestamp() from tandem.job where name = $1
       returning ${columns}`,
      [job, requestedBy],
    );
    if (!rows[0]) throw new AppError("not_found", "job.not_found", `There is no job ${job}`);
    return rows[0];
  },
  async requestBackfill({ job, from, to, maxSlots = 100, again = false, requestedBy, now }) {
    const known = await database.query<{ schedule: string }>("select schedule from tandem.job where name = $1", [job]);
    const schedule = known.rows[0]?.schedule;
    if (schedule === undefined) throw new AppError("not_found", "job.not_found", `There is no job ${job}`);
    if (from > to || to > now) throw outOfRange("to", "a backfill ends in the past, and not before it begins");
    const most = Math.min(maxSlots, 1_000);
    const slots = parseSchedule(schedule).between(new Date(from.getTime() - 1), to, most + 1);
    if (slots.length > most) throw outOfRange("max_slots", `there are more than ${most} slots in that time`);
    const { rows } = await database.query<Row<JobRun>>(
      `insert into tandem.job_run (job, scheduled_at, attempt, cause, status, requested_by, created_at)
       select $1, slot, coalesce(max(r.attempt), 0) + 1, 'request', 'due', $3, clock_timestamp()
       from unnest($2::timestamptz[]) as slot left join tandem.job_run r on r.job = $1 and r.scheduled_at = slot
       group by slot
       having coalesce(bool_and(r.status not in ('due', 'running') and ($4 or r.status <> 'succeeded')), true)
       order by slot
       on conflict (job, scheduled_at, attempt) do nothing
       returning ${columns}`,
      [job, slots, requestedBy, again],
    );
    return rows.toSorted((a, b) => a.scheduledAt.getTime() - b.scheduledAt.getTime());
  },
  async prune(finishedBefore, limit = 1_000) {
    const { rowCount } = await database.query(
      `delete from tandem.job_run where id in (
         select id from tandem.job_run where finished_at < $1 and status not in ('due', 'running') order by id limit $2)`,
      [finishedBefore, limit],
    );
    return rowCount ?? 0;
  },
});

const outOfRange = (field: string, message: string) =>
  new AppError("invalid_argument", "request.invalid", `The backfill is refused: ${message}.`, {
    details: [{ field, rule: "backfill.range", message }],
  });

/** The next slots of a job, for the console. */
export const nextSlots = (job: { readonly schedule: string }, count: number, from: Date): readonly Date[] =>
  parseSchedule(job.schedule).next(count, from);
