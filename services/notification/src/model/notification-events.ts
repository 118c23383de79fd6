import type { Notification } from "./notification.ts";

/** What became of a message, in our own words; `events/` puts it into proto. */
export type NotificationEvent =
  | { readonly type: "notification.sent"; readonly notification: Notification; readonly at: Date }
  | { readonly type: "notification.failed"; readonly notification: Notification; readonly at: Date };
