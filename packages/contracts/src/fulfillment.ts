// Messages, enums and services of tandem.fulfillment.v1.
export * from "./gen/tandem/fulfillment/v1/fulfillment_errors_pb.ts";
export * from "./gen/tandem/fulfillment/v1/fulfillment_events_pb.ts";
export * from "./gen/tandem/fulfillment/v1/fulfillment_service_pb.ts";
