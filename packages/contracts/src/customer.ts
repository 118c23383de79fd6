// Messages, enums and services of tandem.customer.v1.
export * from "./gen/tandem/customer/v1/customer_errors_pb.ts";
export * from "./gen/tandem/customer/v1/customer_events_pb.ts";
export * from "./gen/tandem/customer/v1/customer_pb.ts";
export * from "./gen/tandem/customer/v1/customer_service_pb.ts";
