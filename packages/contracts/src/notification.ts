// Messages, enums and services of tandem.notification.v1.
export * from "./gen/tandem/notification/v1/notification_errors_pb.ts";
export * from "./gen/tandem/notification/v1/notification_events_pb.ts";
export * from "./gen/tandem/notification/v1/notification_pb.ts";
export * from "./gen/tandem/notification/v1/notification_service_pb.ts";
