// Messages, enums and services of tandem.notification.v1.
export * from "./gen/tandem/notification/v1/notification_events_pb.ts";
