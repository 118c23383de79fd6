import { create } from "@bufbuild/protobuf";
import { timestampFromDate } from "@bufbuild/protobuf/wkt";
import { AddressSchema, moneyToProto } from "@tandem/contracts/common";
import {
  ShipmentFailure as ProtoFailure,
  ShipmentKind as ProtoKind,
  ServiceLevel as ProtoLevel,
  ShipmentStatus as ProtoStatus,
  TrackingStatus as ProtoTracking,
  RateSchema,
  ShipmentLineSchema,
  ShipmentSchema,
  TrackingEventSchema,
} from "@tandem/contracts/shipping";
import type { Rate } from "../model/rate.ts";
import type { Shipment } from "../model/shipment.ts";
import type { TrackingEvent } from "../model/tracking.ts";

const at = (date: Date | null) => (date ? timestampFromDate(date) : undefined);

export const failureToProto = (failure: Shipment["failure"]) =>
  failure ? ProtoFailure[failure] : ProtoFailure.UNSPECIFIED;

export const statusToProto = (status: Shipment["status"]) => ProtoStatus[status];

export const shipmentToProto = (shipment: Shipment) =>
  create(ShipmentSchema, {
    shipmentId: shipment.id,
    kind: ProtoKind[shipment.kind],
    status: ProtoStatus[shipment.status],
    orderId: shipment.orderId,
    sellerId: shipment.sellerId,
    customerId: shipment.customerId,
    fulfillmentId: shipment.fulfillmentId ?? "",
    returnId: shipment.returnId ?? "",
    lines: shipment.lines.map((line) => create(ShipmentLineSchema, line)),
    sender: create(AddressSchema, shipment.sender),
    recipient: create(AddressSchema, shipment.recipient),
    weightGrams: shipment.weightGrams,
    serviceLevel: ProtoLevel[shipment.serviceLevel],
    carrier: shipment.carrier,
    carrierService: shipment.carrierService,
    price: shipment.price ? moneyToProto(shipment.price) : undefined,
    trackingNumber: shipment.trackingNumber,
    trackingUrl: shipment.trackingUrl,
    failure: failureToProto(shipment.failure),
    reason: shipment.reason,
    version: shipment.version,
    createdAt: at(shipment.createdAt),
    updatedAt: at(shipment.updatedAt),
    dispatchedAt: at(shipment.dispatchedAt),
    deliveredAt: at(shipment.deliveredAt),
    estimatedDeliveryAt: at(shipment.estimatedDeliveryAt),
  });

export const trackingToProto = ({ status, text, place, at: when }: TrackingEvent) =>
  create(TrackingEventSchema, { status: ProtoTracking[status], text, place, at: timestampFromDate(when) });

export const rateToProto = ({ carrier, service, price, days }: Rate) =>
  create(RateSchema, { carrier, carrierService: service, price: moneyToProto(price), days });
