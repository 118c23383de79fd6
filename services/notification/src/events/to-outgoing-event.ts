import { timestampFromDate } from "@bufbuild/protobuf/wkt";
import { NotificationChannel, NotificationFailedSchema, NotificationSentSchema } from "@tandem/contracts/notification";
import { newEvent, type OutgoingEvent } from "@tandem/messaging";
import type { NotificationEvent } from "../model/notification-events.ts";

/** What became of a message, without a word of it and without an address: the ids say enough. */
export const toOutgoingEvent = ({ type, notification, at }: NotificationEvent): OutgoingEvent => {
  const common = {
    notificationId: notification.id,
    aggregateVersion: notification.version,
    occurredAt: timestampFromDate(at),
    template: notification.template,
    channel: NotificationChannel[notification.channel],
    customerId: notification.customerId ?? "",
    causeEventId: notification.causeEventId,
    orderId: notification.orderId ?? "",
  };
  return type === "notification.sent"
    ? newEvent(NotificationSentSchema, {
        ...common,
        locale: notification.locale,
        providerMessageId: notification.providerMessageId,
      })
    : newEvent(NotificationFailedSchema, { ...common, error: notification.reason, attempts: notification.attempts });
};
