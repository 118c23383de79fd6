// Messages, enums and services of tandem.pricing.v1.
export * from "./gen/tandem/pricing/v1/pricing_errors_pb.ts";
export * from "./gen/tandem/pricing/v1/pricing_events_pb.ts";
export * from "./gen/tandem/pricing/v1/pricing_pb.ts";
export * from "./gen/tandem/pricing/v1/pricing_service_pb.ts";
