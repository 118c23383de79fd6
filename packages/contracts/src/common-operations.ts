// Messages, enums and services of tandem.common_operations.v1.
export * from "./gen/tandem/common_operations/v1/common_operations_errors_pb.ts";
export * from "./gen/tandem/common_operations/v1/common_operations_events_pb.ts";
export * from "./gen/tandem/common_operations/v1/timeline_service_pb.ts";
