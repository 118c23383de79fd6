import { defineKeyset, type Orm } from "@tandem/postgres";
import { and, count, eq, gt, isNull } from "drizzle-orm";
import type { SessionReader } from "../biz/ports.ts";
import { sessionFromRow } from "./rows.ts";
import { sessionTable } from "./schema.ts";

const newestFirst = defineKeyset({
  scope: "sessions:id_desc",
  table: sessionTable,
  sort: [{ column: "id", direction: "desc" }],
});

export const makeSessionReader = (orm: Orm): SessionReader => ({
  async listOpenByUserId(userId, now, { limit, cursor, offset }) {
    const page = newestFirst({ limit, cursor });
    const matches = and(eq(sessionTable.userId, userId), isNull(sessionTable.endedAt), gt(sessionTable.expiresAt, now));
    const query = orm
      .select()
      .from(sessionTable)
      .where(and(matches, page.where))
      .orderBy(...page.orderBy)
      .limit(page.limit);
    if (offset === undefined) {
      const { items, nextCursor } = page.finish(await query);
      return { items: items.map(sessionFromRow), nextCursor };
    }
    const [total] = await orm.select({ n: count() }).from(sessionTable).where(matches);
    return { items: page.finish(await query.offset(offset)).items.map(sessionFromRow), total: total?.n ?? 0 };
  },
});
