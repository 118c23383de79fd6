import type { Database } from "@tandem/postgres";
import type { FailedOperationReader, TaskQueue } from "../biz/ports.ts";
import type { DocumentType } from "../model/document.ts";
import type { FailedOperation, IndexTask } from "../model/indexing.ts";
import { listPage } from "./list-page.ts";

interface Row extends Record<string, unknown> {
  readonly type: DocumentType;
  readonly id: string;
  readonly version: string;
  readonly attempts: number;
  readonly rounds: number;
}

// A claim is a lease by the database's clock: due_at moves ahead, so nothing is lost when the claimer dies. Two workers on one document do no
// harm: both write what is true at their moment, and the engine keeps the higher version.
const CLAIM = `
  with due as (
    select type, id from index_task where status = 'OPEN' and due_at <= now() order by due_at limit $1 for update skip locked
  )
  update index_task t set due_at = now() + $2 * interval '1 millisecond'
  from due where t.type = due.type and t.id = due.id
  returning t.type, t.id, t.version::text, t.attempts, t.rounds`;

const taskFromRow = ({ version, ...row }: Row): IndexTask => ({ ...row, version: BigInt(version) });

/** 5 minutes, doubled every round, at most a day. */
const PARKED_FOR = "least(interval '5 minutes' * power(2, rounds), interval '1 day')";

export const makeTaskQueue = (database: Pick<Database, "query">): TaskQueue => ({
  async claim(limit, leaseMs) {
    const { rows } = await database.query<Row>({ name: "index task claim", text: CLAIM, values: [limit, leaseMs] });
    return rows.map(taskFromRow);
  },

  async complete(tasks) {
    if (tasks.length === 0) return;
    await database.query(
      `delete from index_task t using unnest($1::text[], $2::uuid[], $3::bigint[]) d (type, id, version)
       where t.type = d.type and t.id = d.id and t.version = d.version`,
      [tasks.map(({ type }) => type), tasks.map(({ id }) => id), tasks.map(({ version }) => version)],
    );
  },

  async postpone({ type, id, version }, delayMs, reason, countTry) {
    await database.query(
      `update index_task set due_at = now() + $4 * interval '1 millisecond', attempts = attempts + $5, last_error = $6
       where type = $1 and id = $2 and version = $3 and status = 'OPEN'`,
      [type, id, version, delayMs, countTry ? 1 : 0, reason.slice(0, 500)],
    );
  },

  async park({ type, id, version }, reason) {
    await database.query(
      `update index_task set status = 'PARKED', parked_at = now(), attempts = attempts + 1, last_error = $4,
         due_at = now() + ${PARKED_FOR}, rounds = rounds + 1
       where type = $1 and id = $2 and version = $3`,
      [type, id, version, reason.slice(0, 500)],
    );
  },

  async enqueue(type, id, version) {
    await database.query("insert into index_task (type, id, version) values ($1, $2, $3) on conflict do nothing", [
      type,
      id,
      version,
    ]);
  },

  async reopenDue(limit) {
    const { rowCount } = await database.query(
      `update index_task t set status = 'OPEN', attempts = 0, due_at = now(), parked_at = null
       from (select type, id from index_task where status = 'PARKED' and due_at <= now() order by due_at limit $1 for update skip locked) d
       where t.type = d.type and t.id = d.id`,
      [limit],
    );
    return rowCount ?? 0;
  },

  async reopen(type, id) {
    const { rowCount } = await database.query(
      `update index_task set status = 'OPEN', attempts = 0, due_at = now(), parked_at = null
       where type = $1 and id = $2 and status = 'PARKED'`,
      [type, id],
    );
    return (rowCount ?? 0) > 0;
  },

  async stats() {
    const { rows } = await database.query<{ open: number; parked: number; oldestOpenMs: number }>(
      `select count(*) filter (where status = 'OPEN')::int as open, count(*) filter (where status = 'PARKED')::int as parked,
         coalesce(extract(epoch from now() - min(created_at) filter (where status = 'OPEN')) * 1000, 0)::float as "oldestOpenMs"
       from index_task`,
    );
    return rows[0] ?? { open: 0, parked: 0, oldestOpenMs: 0 };
  },
});

interface FailedRow extends Row {
  readonly reason: string;
  readonly parkedAt: Date;
  readonly retryAt: Date;
}

export const makeFailedOperationReader = (database: Pick<Database, "query">): FailedOperationReader => ({
  list: (page) =>
    listPage<FailedRow, FailedOperation>(
      database,
      {
        scope: "failed-operations:parked_asc",
        select: `select type, id, version::text, attempts, rounds, last_error as reason, parked_at as "parkedAt", due_at as "retryAt"
          from index_task where status = 'PARKED'`,
        time: "parked_at",
        id: "(type || ':' || id)",
        idType: "text",
        newestFirst: false,
        position: ({ parkedAt, type, id }) => [parkedAt, `${type}:${id}`],
        map: (row) => ({ ...row, version: BigInt(row.version) }),
      },
      page,
    ),
});
