// Messages, enums and services of tandem.auth.v1.
export * from "./gen/tandem/auth/v1/auth_events_pb.ts";
