// Messages, enums and services of tandem.fulfillment.v1.
export * from "./gen/tandem/fulfillment/v1/fulfillment_events_pb.ts";
