// Messages, enums and services of tandem.auth.v1.
export * from "./gen/tandem/auth/v1/auth_errors_pb.ts";
export * from "./gen/tandem/auth/v1/auth_events_pb.ts";
export * from "./gen/tandem/auth/v1/auth_service_pb.ts";
export * from "./gen/tandem/auth/v1/user_pb.ts";
export * from "./gen/tandem/auth/v1/user_service_pb.ts";
