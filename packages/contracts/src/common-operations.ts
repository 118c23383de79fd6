// Messages, enums and services of tandem.common_operations.v1.
export * from "./gen/tandem/common_operations/v1/audit_service_pb.ts";
export * from "./gen/tandem/common_operations/v1/common_operations_errors_pb.ts";
export * from "./gen/tandem/common_operations/v1/common_operations_events_pb.ts";
export * from "./gen/tandem/common_operations/v1/file_service_pb.ts";
export * from "./gen/tandem/common_operations/v1/platform_operations_service_pb.ts";
export * from "./gen/tandem/common_operations/v1/task_service_pb.ts";
export * from "./gen/tandem/common_operations/v1/timeline_service_pb.ts";
