import type { Transaction } from "@tandem/postgres";
import { currentTraceparent } from "@tandem/runtime";
import { and, count, eq, gt, sql } from "drizzle-orm";
import type { NotificationRepository } from "../biz/ports.ts";
import { notificationNotFound } from "../model/errors.ts";
import type { Notification } from "../model/notification.ts";
import { INSERT_NOTIFICATION, insertedValues, notificationFromRow, notificationToRow } from "./notification-row.ts";
import { notificationTable as table } from "./schema.ts";

const insertOf = (notification: Notification) => ({
  name: "notification create",
  text: INSERT_NOTIFICATION,
  values: insertedValues(notification, currentTraceparent()),
});

/** @param onDue called after a commit that left something to send */
export const makeNotificationRepository = (tx: Transaction, onDue: () => void): NotificationRepository => {
  const wakeFor = ({ status }: Notification) => {
    if (status === "PENDING") tx.afterCommit(onDue);
  };
  return {
    async createIfAbsent(notification) {
      const { rowCount } = await tx.client.query(insertOf(notification));
      if (rowCount === 1) wakeFor(notification);
      return rowCount === 1;
    },

    createAtCommit(notification) {
      const insert = insertOf(notification);
      tx.atCommit(() => tx.client.query(insert));
      wakeFor(notification);
    },

    async getById(notificationId) {
      const [row] = await tx.select().from(table).where(eq(table.id, notificationId));
      if (!row) throw notificationNotFound(notificationId);
      return notificationFromRow(row);
    },

    async lockById(notificationId) {
      const [row] = await tx.select().from(table).where(eq(table.id, notificationId)).for("update");
      return row && notificationFromRow(row);
    },

    async lockWaiting(of) {
      const whose = "orderId" in of ? eq(table.orderId, of.orderId) : eq(table.customerId, of.customerId);
      const rows = await tx
        .select()
        .from(table)
        .where(and(whose, eq(table.status, "WAITING")))
        .orderBy(table.id)
        .for("update");
      return rows.map(notificationFromRow);
    },

    async listWaitingToReview(before, limit) {
      const { rows } = await tx.client.query<{ id: string }>(
        `select n.id from notification n
         left join known_order o on o.order_id = n.order_id
         left join contact c on c.customer_id = coalesce(n.customer_id, o.customer_id)
         where n.status = 'WAITING' and (n.created_at <= $1 or c.state = 'ERASED' or (c.state = 'KNOWN' and (n.channel <> 'EMAIL' or c.email <> '')))
         order by n.created_at limit $2`,
        [before, limit],
      );
      return rows.map(({ id }) => id);
    },

    async countGenerations({ causeEventId, template, channel, recipient }) {
      const [found] = await tx
        .select({ n: count() })
        .from(table)
        .where(
          and(
            eq(table.causeEventId, causeEventId),
            eq(table.template, template),
            eq(table.channel, channel),
            eq(table.recipient, recipient),
          ),
        );
      return found?.n ?? 0;
    },

    async update(notification) {
      await tx.update(table).set(notificationToRow(notification)).where(eq(table.id, notification.id));
      wakeFor(notification);
    },

    async suppressPending(of, reason) {
      const whose =
        "cartId" in of
          ? eq(table.cartId, of.cartId)
          : and(eq(table.customerId, of.customerId), eq(table.category, of.category));
      const { rowCount } = await tx
        .update(table)
        .set({ status: "SUPPRESSED", reason, version: sql`${table.version} + 1` })
        .where(and(whose, sql`${table.status} in ('PENDING', 'WAITING')`));
      return rowCount ?? 0;
    },

    async readdressPending(customerId, addresses) {
      for (const channel of ["EMAIL", "SMS"] as const) {
        if (addresses[channel] === "") continue;
        await tx
          .update(table)
          .set({ address: addresses[channel] })
          .where(and(eq(table.customerId, customerId), eq(table.status, "PENDING"), eq(table.channel, channel)));
      }
    },

    async blankByCustomer(customerId) {
      await tx.client.query(
        `update notification set variables = '{}', address = '', subject = '', body_text = '', body_html = '', unsubscribe_url = '',
           status = case when status in ('WAITING', 'PENDING') then 'SUPPRESSED' else status end,
           reason = case when status in ('WAITING', 'PENDING') then 'erased' else reason end, version = version + 1
         where customer_id = $1
           or (customer_id is null and order_id in (select order_id from known_order where customer_id = $1))`,
        [customerId],
      );
    },

    async hasSince(customerId, template, since) {
      const [found] = await tx
        .select({ id: table.id })
        .from(table)
        .where(and(eq(table.customerId, customerId), eq(table.template, template), gt(table.createdAt, since)))
        .limit(1);
      return found !== undefined;
    },

    async forgetTexts(before, limit) {
      const { rowCount } = await tx.client.query(
        `update notification set variables = '{}', subject = '', body_text = '', body_html = '', unsubscribe_url = '', version = version + 1
         where id in (select id from notification
           where status in ('SENT', 'FAILED', 'SUPPRESSED') and body_text <> '' and created_at < $1
           order by created_at limit $2 for update skip locked)`,
        [before, limit],
      );
      return rowCount ?? 0;
    },

    async lockAbandoned(limit) {
      const rows = await tx
        .select()
        .from(table)
        .where(and(eq(table.status, "SENDING"), sql`lease_until < now()`))
        .limit(limit)
        .for("update", { skipLocked: true });
      return rows.map(notificationFromRow);
    },
  };
};
