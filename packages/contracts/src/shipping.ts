// Messages, enums and services of tandem.shipping.v1.
export * from "./gen/tandem/shipping/v1/shipment_pb.ts";
export * from "./gen/tandem/shipping/v1/shipping_errors_pb.ts";
export * from "./gen/tandem/shipping/v1/shipping_events_pb.ts";
export * from "./gen/tandem/shipping/v1/shipping_service_pb.ts";
