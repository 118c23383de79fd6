import type { Database } from "@tandem/postgres";
import type { Leftovers } from "../biz/ports.ts";

const deletion = (table: string, where: string) =>
  `delete from ${table} where ctid = any (array(select ctid from ${table} where ${where} limit $2))`;

export const makeLeftovers = (database: Pick<Database, "query">): Leftovers => ({
  async deleteFilesExpiredBefore(at, limit) {
    return (await database.query(deletion("file", "expires_at <= $1"), [at, limit])).rowCount ?? 0;
  },
  async deleteTasksFinishedBefore(at, limit) {
    return (await database.query(deletion("task", "finished_at < $1"), [at, limit])).rowCount ?? 0;
  },
});
