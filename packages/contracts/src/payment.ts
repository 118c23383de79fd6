// Messages, enums and services of tandem.payment.v1.
export * from "./gen/tandem/payment/v1/payment_errors_pb.ts";
export * from "./gen/tandem/payment/v1/payment_events_pb.ts";
export * from "./gen/tandem/payment/v1/payment_pb.ts";
export * from "./gen/tandem/payment/v1/payment_service_pb.ts";
