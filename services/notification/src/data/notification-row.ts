import type { InferSelectModel } from "drizzle-orm";
import type { Notification } from "../model/notification.ts";
import type { notificationTable } from "./schema.ts";

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
