import { defineKeyset, type Orm } from "@tandem/postgres";
import { and, count, eq } from "drizzle-orm";
import type { NotificationReader } from "../biz/ports.ts";
import { notificationNotFound } from "../model/errors.ts";
import { notificationFromRow } from "./notification-row.ts";
import { notificationTable } from "./schema.ts";

// Ids are UUIDv7: their order is the order of time.
const newestFirst = defineKeyset({
  scope: "notifications:id_desc",
  table: notificationTable,
  sort: [{ column: "id", direction: "desc" }],
});

export const makeNotificationReader = (orm: Orm): NotificationReader => ({
  async getById(notificationId) {
    const [row] = await orm.select().from(notificationTable).where(eq(notificationTable.id, notificationId));
    if (!row) throw notificationNotFound(notificationId);
    return notificationFromRow(row);
  },

  async listByCriteria({ customerId, orderId, status }, { limit, cursor, offset }) {
    const page = newestFirst({ limit, cursor });
    const matches = and(
      customerId ? eq(notificationTable.customerId, customerId) : undefined,
      orderId ? eq(notificationTable.orderId, orderId) : undefined,
      status ? eq(notificationTable.status, status) : undefined,
    );
    const query = orm
      .select()
      .from(notificationTable)
      .where(and(matches, page.where))
      .orderBy(...page.orderBy)
      .limit(page.limit);
    if (offset === undefined) {
      const { items, nextCursor } = page.finish(await query);
      return { items: items.map(notificationFromRow), nextCursor };
    }
    const [total] = await orm.select({ n: count() }).from(notificationTable).where(matches);
    return { items: page.finish(await query.offset(offset)).items.map(notificationFromRow), total: total?.n ?? 0 };
  },
});
