import { timestampFromDate } from "@bufbuild/protobuf/wkt";
import {
  ShipmentCreatedSchema,
  ShipmentDeliveredSchema,
  ShipmentDispatchedSchema,
  ShipmentFailedSchema,
  ShipmentReturnedSchema,
} from "@tandem/contracts/shipping";
import { newEvent, type OutgoingEvent } from "@tandem/messaging";
import type { ShipmentEvent } from "../model/shipment-events.ts";
import { failureToProto } from "./to-proto.ts";

export const toOutgoingEvent = ({ type, shipment, at }: ShipmentEvent): OutgoingEvent => {
  const fulfillmentId = shipment.fulfillmentId ?? "";
  const returnId = shipment.returnId ?? "";
  const { carrier, trackingNumber, trackingUrl } = shipment;
  const common = {
    shipmentId: shipment.id,
    aggregateVersion: shipment.version,
    occurredAt: timestampFromDate(at),
    orderId: shipment.orderId,
    sellerId: shipment.sellerId,
    lines: shipment.lines.map(({ productId, quantity }) => ({ productId, quantity })),
  };
  switch (type) {
    case "shipment.created":
      return newEvent(ShipmentCreatedSchema, {
        ...common,
        carrier,
        trackingNumber,
        trackingUrl,
        fulfillmentId,
        returnId,
      });
    case "shipment.dispatched":
      return newEvent(ShipmentDispatchedSchema, { ...common, carrier, trackingNumber, fulfillmentId });
    case "shipment.delivered":
      return newEvent(ShipmentDeliveredSchema, { ...common, fulfillmentId });
    case "shipment.failed":
      return newEvent(ShipmentFailedSchema, {
        ...common,
        fulfillmentId,
        // Called off by hand: it never comes.
        failure: failureToProto(shipment.failure ?? "UNDELIVERABLE"),
        text: shipment.reason,
      });
    case "shipment.returned":
      return newEvent(ShipmentReturnedSchema, { ...common, returnId });
  }
};
