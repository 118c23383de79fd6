// Messages, enums and services of tandem.customer.v1.
export * from "./gen/tandem/customer/v1/customer_events_pb.ts";
