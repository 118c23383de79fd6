import type { Transaction } from "@tandem/postgres";
import { currentTraceparent } from "@tandem/runtime";
import type { TaskRepository } from "../biz/ports.ts";
import { type TaskRow, toTask } from "./task-row.ts";

/** Rows of one statement. */
const BATCH = 1_000;

export const makeTaskRepository = ({ client }: Transaction): TaskRepository => ({
  async create(task) {
    await client.query(
      `insert into task (id, kind, status, parameters, requested_by, planned, items_total, items_done, items_failed, failures,
         version, created_at, token, due_at, traceparent)
       values ($1, $2, $3, $4, $5, false, 0, 0, 0, 0, 1, $6, 0, now(), $7)`,
      [
        task.id,
        task.kind,
        task.status,
        JSON.stringify(task.parameters),
        task.requestedBy,
        task.createdAt,
        currentTraceparent() ?? null,
      ],
    );
  },

  async lockById(taskId) {
    const { rows } = await client.query<TaskRow>("select * from task where id = $1 for update", [taskId]);
    return rows[0] && toTask(rows[0]);
  },

  async lockClaimed(taskId, token) {
    const { rows } = await client.query<TaskRow>(
      "select * from task where id = $1 and token = $2 and status in ('RUNNING', 'CANCELLING') for update",
      [taskId, token.toString()],
    );
    return rows[0] && toTask(rows[0]);
  },

  async update(task) {
    await client.query(
      `update task set status = $2, planned = $3, checkpoint = $4, items_total = $5, items_done = $6, items_failed = $7,
         result_file_id = $8, error = $9, failures = $10, version = $11, finished_at = $12
       where id = $1`,
      [
        task.id,
        task.status,
        task.planned,
        task.checkpoint ? JSON.stringify(task.checkpoint) : null,
        task.itemsTotal,
        task.itemsDone,
        task.itemsFailed,
        task.resultFileId ?? null,
        task.error ? JSON.stringify(task.error) : null,
        task.failures,
        task.version.toString(),
        task.finishedAt ?? null,
      ],
    );
  },

  async makeDue(taskId) {
    await client.query("update task set due_at = now(), traceparent = $2 where id = $1", [
      taskId,
      currentTraceparent() ?? null,
    ]);
  },

  async replaceItems(taskId, items) {
    await client.query("delete from task_item where task_id = $1", [taskId]);
    for (let from = 0; from < items.length; from += BATCH) {
      const batch = items.slice(from, from + BATCH);
      await client.query(
        `insert into task_item (task_id, number, line, subject, input, status, result, error)
         select $1, $2::bigint + row.n, row.line, row.subject, row.input,
           case when row.error is null then 'PENDING' else 'FAILED' end, '', row.error
         from unnest($3::bigint[], $4::text[], $5::jsonb[], $6::jsonb[]) with ordinality as row (line, subject, input, error, n)`,
        [
          taskId,
          from,
          batch.map(({ line }) => line),
          batch.map(({ subject }) => subject),
          batch.map(({ input }) => JSON.stringify(input ?? null)),
          batch.map(({ error }) => (error ? JSON.stringify(error) : null)),
        ],
      );
    }
  },

  async settleItems(taskId, outcomes) {
    await client.query(
      `update task_item i set status = o.status, result = o.result, error = o.error
       from unnest($2::bigint[], $3::text[], $4::text[], $5::jsonb[]) as o (number, status, result, error)
       where i.task_id = $1 and i.number = o.number`,
      [
        taskId,
        outcomes.map(({ number }) => number),
        outcomes.map(({ status }) => status),
        outcomes.map((outcome) => (outcome.status === "DONE" ? outcome.result : "")),
        outcomes.map((outcome) => (outcome.status === "FAILED" ? JSON.stringify(outcome.error) : null)),
      ],
    );
  },

  // What could not be read from the file in the first place stays refused: nothing has changed about it.
  async reopenFailed(taskId) {
    await client.query(
      `update task_item set status = 'PENDING', error = null
       where task_id = $1 and status = 'FAILED' and input <> 'null'::jsonb`,
      [taskId],
    );
    const { rows } = await client.query<{ n: number }>(
      "select count(*)::int as n from task_item where task_id = $1 and status = 'FAILED'",
      [taskId],
    );
    return rows[0]?.n ?? 0;
  },
});
