import { AppError, type Clock, decodeCursor, encodeCursor } from "@tandem/kernel";
import type { Database } from "@tandem/postgres";
import type { Metrics } from "@tandem/runtime";
import { positionOf, type SagaInstance, type StepOutcome } from "./instance.ts";
import { instanceColumns, readInstance, type SagaRow } from "./store.ts";
import type { SagaDefinition, SagaStatus, SagaTypes } from "./types.ts";

export interface SagaHistoryEntry {
  readonly outcome: StepOutcome;
  readonly eventType: string | null;
  readonly eventId: string | null;
  readonly source: string | null;
  readonly from: string | null;
  readonly to: string | null;
  readonly note: string | null;
  readonly at: Date;
}

export interface SagaListQuery {
  readonly status?: SagaStatus;
  /** 1 to 200. Default 50. */
  readonly limit?: number;
  readonly cursor?: string;
}
export interface SagaSummary {
  readonly id: string;
  readonly status: SagaStatus;
  /** The state, or `undo <step>`. */
  readonly position: string;
  readonly reason: string | null;
  readonly deadlineAt: Date | null;
  readonly startedAt: Date;
  readonly updatedAt: Date;
}
export interface StuckSaga extends SagaSummary {
  /** `overdue`: its deadline passed and nothing fired. `no_timer`: it waits for nothing at all. */
  readonly why: "overdue" | "no_timer";
}

export interface SagaQueries<T extends SagaTypes> {
  /** @throws AppError not_found `saga.not_found` */
  getById(id: string): Promise<SagaInstance<T> & { readonly position: string }>;
  /** Every event, timer and request that reached the saga, oldest first: at most 500. */
  listHistory(id: string): Promise<readonly SagaHistoryEntry[]>;
  /** Newest first. @throws AppError invalid_argument `page.cursor_invalid` */
  list(query?: SagaListQuery): Promise<{ readonly items: readonly SagaSummary[]; readonly nextCursor?: string }>;
  /** Running or compensating, but `graceMs` (default 60000) past the deadline, or without a timer. At most 200. */
  listStuck(graceMs?: number): Promise<readonly StuckSaga[]>;
  /** Sets the timers of sagas that have lost theirs, so that nothing waits for nothing; answers how many. */
  rearm(): Promise<number>;
  /** Deletes ended sagas and their history, at most `limit` (default 1000) at a time; answers how many. */
  prune(endedBefore: Date, limit?: number): Promise<number>;
}

const summaryColumns = `s.id, s.status, s.state as position, s.reason, s.deadline_at as "deadlineAt", s.started_at as "startedAt", s.updated_at as "updatedAt"`;
const stuckFrom = `
  from tandem.saga s left join tandem.saga_timer t on t.name = s.name and t.id = s.id
  where s.name = $1 and s.status in ('running', 'compensating') and (t.id is null or s.deadline_at < $2)`;

export const makeSagaQueries = <T extends SagaTypes>(
  definition: SagaDefinition<T>,
  database: Database,
  clock: Clock,
) => {
  const { name } = definition;
  const scope = `saga:${name}`;
  const overdueBefore = (graceMs: number) => new Date(clock.now().getTime() - graceMs);

  const queries: SagaQueries<T> = {
    async getById(id) {
      const { rows } = await database.query<SagaRow & Record<string, unknown>>(
        `select ${instanceColumns} from tandem.saga where name = $1 and id = $2`,
        [name, id],
      );
      if (!rows[0]) throw new AppError("not_found", "saga.not_found", `There is no saga ${id} of ${name}`);
      const instance = readInstance(definition, rows[0]);
      return { ...instance, position: positionOf(instance) };
    },
    async listHistory(id) {
      const { rows } = await database.query<SagaHistoryEntry & Record<string, unknown>>(
        `select outcome, event_type as "eventType", event_id as "eventId", source, from_state as "from", to_state as "to", note, at
         from tandem.saga_step where name = $1 and id = $2 order by no limit 500`,
        [name, id],
      );
      return rows;
    },
    async list({ status, limit = 50, cursor } = {}) {
      const [startedAt, id] = cursor ? decodeCursor(scope, cursor, ["instant", "text"]) : [null, null];
      const size = Math.min(Math.max(limit, 1), 200);
      // The cursor carries microseconds: what JavaScript's Date drops would make a page skip or repeat rows.
      const { rows } = await database.query<SagaSummary & { cursorAt?: string }>(
        `select ${summaryColumns}, s.started_at::text as "cursorAt" from tandem.saga s
         where s.name = $1 and ($2::text is null or s.status = $2)
           and ($3::timestamptz is null or (s.started_at, s.id) < ($3, $4))
         order by s.started_at desc, s.id desc limit $5`,
        [name, status ?? null, startedAt, id, size + 1],
      );
      const items = rows.slice(0, size);
      const last = items.at(-1);
      const nextCursor = rows.length > size && last ? encodeCursor(scope, [last.cursorAt ?? "", last.id]) : undefined;
      for (const item of items) delete item.cursorAt;
      return nextCursor === undefined ? { items } : { items, nextCursor };
    },
    async listStuck(graceMs = 60_000) {
      const { rows } = await database.query<StuckSaga & Record<string, unknown>>(
        `select ${summaryColumns}, case when t.id is null then 'no_timer' else 'overdue' end as why
         ${stuckFrom} order by s.started_at limit 200`,
        [name, overdueBefore(graceMs)],
      );
      return rows;
    },
    async rearm() {
      // Locked, so that a saga which is advancing right now is looked at afterwards.
      const { rowCount } = await database.query(
        `with lost as (
           select s.name, s.id, s.version, s.deadline_at from tandem.saga s
           where s.name = $1 and s.status in ('running', 'compensating')
             and not exists (select from tandem.saga_timer t where t.name = s.name and t.id = s.id)
           for update of s skip locked
         )
         insert into tandem.saga_timer (name, id, version, fire_at)
         select name, id, version, coalesce(deadline_at, $2) from lost on conflict (name, id) do nothing`,
        [name, clock.now()],
      );
      return rowCount ?? 0;
    },
    async prune(endedBefore, limit = 1_000) {
      const { rowCount } = await database.query(
        `with gone as (
           delete from tandem.saga where (name, id) in (
             select name, id from tandem.saga
             where name = $1 and status in ('completed', 'compensated') and ended_at < $2 limit $3 for update skip locked)
           returning name, id
         ), history as (delete from tandem.saga_step s using gone where s.name = gone.name and s.id = gone.id)
         select id from gone`,
        [name, endedBefore, limit],
      );
      return rowCount ?? 0;
    },
  };

  /** By the worker alone: two binaries that report one table would count it twice. */
  const observe = (metrics: Metrics | undefined): (() => void) | undefined => {
    const active = metrics?.gauge({
      name: "tandem_saga_active",
      help: "Sagas that have not ended",
      labels: ["saga", "status"],
    });
    const stuck = metrics?.gauge({
      name: "tandem_saga_stuck",
      help: "Sagas a minute past their deadline or without a timer",
      labels: ["saga"],
    });
    return metrics?.onScrape(async () => {
      const counts = await database.query<{ status: string; n: number }>(
        `select status, count(*)::int as n from tandem.saga
         where name = $1 and status in ('running', 'compensating', 'parked') group by status`,
        [name],
      );
      for (const status of ["running", "compensating", "parked"]) {
        active?.set({ saga: name, status }, counts.rows.find((row) => row.status === status)?.n ?? 0);
      }
      const { rows } = await database.query<{ n: number }>(`select count(*)::int as n ${stuckFrom}`, [
        name,
        overdueBefore(60_000),
      ]);
      stuck?.set({ saga: name }, rows[0]?.n ?? 0);
    });
  };
  return { ...queries, observe };
};
