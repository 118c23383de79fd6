import { getTableColumns, type InferSelectModel } from "drizzle-orm";
import type { Notification } from "../model/notification.ts";
import { notificationTable } from "./schema.ts";

export type NotificationRow = InferSelectModel<typeof notificationTable>;

export const notificationFromRow = ({ traceparent: _, ...row }: NotificationRow): Notification => ({
  ...row,
  customerId: row.customerId ?? undefined,
  orderId: row.orderId ?? undefined,
  cartId: row.cartId ?? undefined,
  sentAt: row.sentAt ?? undefined,
});

export const notificationToRow = (notification: Notification) => ({
  ...notification,
  customerId: notification.customerId ?? null,
  orderId: notification.orderId ?? null,
  cartId: notification.cartId ?? null,
  sentAt: notification.sentAt ?? null,
});

const columns = Object.entries(getTableColumns(notificationTable));

/** Prepared once; what would be a second message about the same is not made. */
export const INSERT_NOTIFICATION = `
  insert into notification (${columns.map(([, { name }]) => `"${name}"`).join(", ")})
  values (${columns.map((_, at) => `$${at + 1}`).join(", ")})
  on conflict (cause_event_id, template, channel, recipient, generation) do nothing`;

export const insertedValues = (notification: Notification, traceparent: string | undefined): unknown[] => {
  const row: Readonly<Record<string, unknown>> = { ...notificationToRow(notification), traceparent };
  return columns.map(([key, column]) => {
    const value = row[key] ?? null;
    return value === null ? null : column.mapToDriverValue(value);
  });
};
