import { decodeCursor, encodeCursor } from "@tandem/kernel";
import type { Database } from "@tandem/postgres";
import type { TaskReader } from "../biz/ports.ts";
import { taskNotFound } from "../model/errors.ts";
import { ITEM_COLUMNS, type ItemRow, type TaskRow, toItem, toTask } from "./task-row.ts";

const TASKS = "tasks:created_desc";
const ITEMS = "task-items:number_asc";
const sizeOf = (limit: number): number => (limit === 0 ? 50 : Math.min(limit, 200));

export const makeTaskReader = (database: Pick<Database, "query">): TaskReader => ({
  async getById(taskId) {
    const { rows } = await database.query<TaskRow>("select * from task where id = $1", [taskId]);
    if (!rows[0]) throw taskNotFound(taskId);
    return toTask(rows[0]);
  },

  async listByCriteria({ kind, status }, { limit, cursor, offset }) {
    const size = sizeOf(limit);
    const [at, id] = cursor ? decodeCursor(TASKS, cursor, ["instant", "uuid"]) : [null, null];
    const matches = "($1::text is null or kind = $1) and ($2::text is null or status = $2)";
    const criteria = [kind ?? null, status ?? null];
    const { rows } = await database.query<TaskRow>(
      `select * from task where ${matches} and ($3::timestamptz is null or (created_at, id) < ($3, $4::uuid))
       order by created_at desc, id desc limit $5 offset $6`,
      [...criteria, at, id, size + 1, offset ?? 0],
    );
    const items = rows.slice(0, size).map(toTask);
    if (offset !== undefined) {
      const total = await database.query<{ n: number }>(
        `select count(*)::int as n from task where ${matches}`,
        criteria,
      );
      return { items, total: total.rows[0]?.n ?? 0 };
    }
    const last = items.at(-1);
    return rows.length > size && last
      ? { items, nextCursor: encodeCursor(TASKS, [last.createdAt.toISOString(), last.id]) }
      : { items };
  },

  async listItems(taskId, status, { limit, cursor, offset }) {
    const size = sizeOf(limit);
    const { rows } = await database.query<ItemRow>(
      `select ${ITEM_COLUMNS} from task_item
       where task_id = $1 and ($2::text is null or status = $2) and number > $3 order by number limit $4 offset $5`,
      [taskId, status ?? null, cursor ? decodeCursor(ITEMS, cursor, ["int8"])[0] : 0, size + 1, offset ?? 0],
    );
    const items = rows.slice(0, size).map(toItem);
    if (offset !== undefined) {
      const total = await database.query<{ n: number }>(
        "select count(*)::int as n from task_item where task_id = $1 and ($2::text is null or status = $2)",
        [taskId, status ?? null],
      );
      return { items, total: total.rows[0]?.n ?? 0 };
    }
    const last = items.at(-1);
    return rows.length > size && last ? { items, nextCursor: encodeCursor(ITEMS, [last.number]) } : { items };
  },
});
