import type { Database } from "@tandem/postgres";
import type { FailedOperationReader, TaskQueue } from "../biz/ports.ts";
import type { DocumentType } from "../model/document.ts";
import type { FailedOperation } from "../model/indexing.ts";
import { withCategoryPaths } from "./category-paths.ts";
import { type DocumentRow, documentFromRow } from "./document-row.ts";
import { listPage } from "./list-page.ts";

interface Row extends Record<string, unknown> {
  readonly type: DocumentType;
  readonly id: string;
  readonly version: string;
  readonly attempts: number;
  readonly rounds: number;
}

interface DueRow extends Row, DocumentRow {
  readonly taskVersion: string;
  readonly documentVersion: string | null;
  readonly targets: readonly string[];
}

const CLAIM = `
  select type, id, task_version::text as "taskVersion", attempts, rounds, version::text as "documentVersion", view_keys as "viewKeys",
    updated_at as "updatedAt", seller_suspended as "sellerSuspended", parts, targets
  from claim_index_tasks($1, $2, $3)`;

// Locked in one order: consumers lock several tasks too.
const COMPLETE = `
  with told as (
    select t.type, t.id from index_task t
    join unnest($1::text[], $2::uuid[], $3::bigint[]) d (type, id, version) on t.type = d.type and t.id = d.id and t.version <= d.version
    order by t.type, t.id for update of t)
  delete from index_task t using told where t.type = told.type and t.id = told.id`;

const dueFromRow = ({ type, id, taskVersion, attempts, rounds, documentVersion, ...row }: DueRow) => ({
  task: { type, id, version: BigInt(taskVersion), attempts, rounds },
  document:
    documentVersion === null
      ? undefined
      : documentFromRow({
          type,
          id,
          version: documentVersion,
          viewKeys: row.viewKeys,
          updatedAt: row.updatedAt,
          sellerSuspended: row.sellerSuspended,
          parts: row.parts,
        }),
});

/** 5 minutes, doubled every round, at most a day. */
const PARKED_FOR = "least(interval '5 minutes' * power(2, rounds), interval '1 day')";

export const makeTaskQueue = (database: Pick<Database, "query">): TaskQueue => ({
  async claim(limit, leaseMs, engine) {
    const { rows } = await database.query<DueRow>({
      name: "search tasks claim",
      text: CLAIM,
      values: [limit, leaseMs, engine],
    });
    const tasks = rows.map(dueFromRow);
    const found = await withCategoryPaths(
      database,
      tasks.flatMap(({ document }) => document ?? []),
    );
    const byId = new Map(found.map((document) => [`${document.type}:${document.id}`, document]));
    return {
      tasks: tasks.map(({ task }) => ({ task, document: byId.get(`${task.type}:${task.id}`) })),
      targets: rows[0]?.targets ?? [],
    };
  },

  async complete(told) {
    if (told.length === 0) return;
    await database.query({
      name: "search tasks done",
      text: COMPLETE,
      values: [told.map(({ type }) => type), told.map(({ id }) => id), told.map(({ version }) => version)],
    });
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
