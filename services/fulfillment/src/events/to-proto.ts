import { create } from "@bufbuild/protobuf";
import { timestampFromDate } from "@bufbuild/protobuf/wkt";
import { AddressSchema } from "@tandem/contracts/common";
import {
  FulfillmentLineSchema,
  FulfillmentSchema,
  FulfillmentSnapshotSchema,
  FulfillmentStatus as ProtoStatus,
} from "@tandem/contracts/fulfillment";
import type { Fulfillment } from "../model/fulfillment.ts";

const common = (fulfillment: Fulfillment) => ({
  fulfillmentId: fulfillment.id,
  orderId: fulfillment.orderId,
  sellerId: fulfillment.sellerId,
  customerId: fulfillment.customerId,
  warehouseCode: fulfillment.warehouseCode,
  status: ProtoStatus[fulfillment.status],
  lines: fulfillment.lines.map((line) => create(FulfillmentLineSchema, line)),
  shippingAddress: create(AddressSchema, fulfillment.shippingAddress),
  part: fulfillment.part,
  moreParts: fulfillment.moreParts,
  shipmentId: fulfillment.shipmentId ?? "",
  weightGrams: fulfillment.weightGrams,
});

export const snapshotOf = (fulfillment: Fulfillment) => create(FulfillmentSnapshotSchema, common(fulfillment));

export const fulfillmentToProto = (fulfillment: Fulfillment) =>
  create(FulfillmentSchema, {
    ...common(fulfillment),
    reason: fulfillment.reason,
    flagged: fulfillment.flaggedAt !== null,
    version: fulfillment.version,
    createdAt: timestampFromDate(fulfillment.createdAt),
    updatedAt: timestampFromDate(fulfillment.updatedAt),
    statusSince: timestampFromDate(fulfillment.statusSince),
  });
