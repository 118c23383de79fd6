import { defineKeyset, type Orm } from "@tandem/postgres";
import { and, arrayContains, count, eq } from "drizzle-orm";
import type { UserReader } from "../biz/ports.ts";
import { userNotFound } from "../model/errors.ts";
import { userFromRow } from "./rows.ts";
import { userTable } from "./schema.ts";

// Ids are UUIDv7: their order is the order of time.
const newestFirst = defineKeyset({
  scope: "users:id_desc",
  table: userTable,
  sort: [{ column: "id", direction: "desc" }],
});

export const makeUserReader = (orm: Orm): UserReader => ({
  async getById(userId) {
    const [row] = await orm.select().from(userTable).where(eq(userTable.id, userId));
    if (!row) throw userNotFound();
    return userFromRow(row);
  },

  async getByEmailKey(emailKey) {
    const [row] = await orm.select().from(userTable).where(eq(userTable.emailKey, emailKey));
    return row && userFromRow(row);
  },

  async listByCriteria({ emailKey, role, sellerId }, { limit, cursor, offset }) {
    const page = newestFirst({ limit, cursor });
    const matches = and(
      emailKey === undefined ? undefined : eq(userTable.emailKey, emailKey),
      role === undefined ? undefined : arrayContains(userTable.roles, [role]),
      sellerId === undefined ? undefined : eq(userTable.sellerId, sellerId),
    );
    const query = orm
      .select()
      .from(userTable)
      .where(and(matches, page.where))
      .orderBy(...page.orderBy)
      .limit(page.limit);
    if (offset === undefined) {
      const { items, nextCursor } = page.finish(await query);
      return { items: items.map(userFromRow), nextCursor };
    }
    const [total] = await orm.select({ n: count() }).from(userTable).where(matches);
    return { items: page.finish(await query.offset(offset)).items.map(userFromRow), total: total?.n ?? 0 };
  },
});
