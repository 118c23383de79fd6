import type { Database } from "@tandem/postgres";
import type { TaskQueue } from "../biz/ports.ts";
import { ITEM_COLUMNS, type ItemRow, type TaskRow, toItem, toTask } from "./task-row.ts";

// A claim is a lease by the database's clock: due_at moves ahead, so a task whose worker died is due again by itself.
const CLAIM = `
  with due as (
    select id from task where status in ('PENDING', 'RUNNING', 'CANCELLING') and due_at <= clock_timestamp()
    order by due_at limit 1 for update skip locked)
  update task t
  set token = token + 1, due_at = clock_timestamp() + $1::float8 * interval '1 millisecond',
    status = case when t.status = 'PENDING' then 'RUNNING' else t.status end,
    started_at = coalesce(t.started_at, clock_timestamp())
  from due where t.id = due.id
  returning t.*`;

export const makeTaskQueue = (database: Pick<Database, "query">): TaskQueue => ({
  async claim(leaseMs) {
    const { rows } = await database.query<TaskRow>({ name: "task claim", text: CLAIM, values: [leaseMs] });
    const [row] = rows;
    return row && { ...toTask(row), token: BigInt(row.token), traceparent: row.traceparent ?? undefined };
  },

  async renew(taskId, token, leaseMs) {
    const { rowCount } = await database.query(
      `update task set due_at = clock_timestamp() + $3::float8 * interval '1 millisecond'
       where id = $1 and token = $2 and status in ('RUNNING', 'CANCELLING')`,
      [taskId, token.toString(), leaseMs],
    );
    return rowCount === 1;
  },

  async postpone(taskId, token, delayMs, error) {
    await database.query(
      `update task set due_at = clock_timestamp() + $3::float8 * interval '1 millisecond', error = $4,
         failures = failures + case when $4::jsonb is null then 0 else 1 end
       where id = $1 and token = $2 and status in ('RUNNING', 'CANCELLING')`,
      [taskId, token.toString(), delayMs, error ? JSON.stringify(error) : null],
    );
  },

  async listPending(taskId, limit) {
    const { rows } = await database.query<ItemRow>(
      `select ${ITEM_COLUMNS} from task_item where task_id = $1 and status = 'PENDING' order by number limit $2`,
      [taskId, limit],
    );
    return rows.map(toItem);
  },

  async listFailed(taskId, after, limit) {
    const { rows } = await database.query<ItemRow>(
      `select ${ITEM_COLUMNS} from task_item where task_id = $1 and status = 'FAILED' and number > $2 order by number limit $3`,
      [taskId, after, limit],
    );
    return rows.map(toItem);
  },
});
