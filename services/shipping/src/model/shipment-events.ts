import type { Shipment } from "./shipment.ts";

/** What is announced about a shipment, in shipping's own words; `events/` puts it into proto. */
export interface ShipmentEvent {
  readonly type:
    | "shipment.created"
    | "shipment.dispatched"
    | "shipment.delivered"
    | "shipment.failed"
    | "shipment.returned";
  readonly shipment: Shipment;
  readonly at: Date;
}
