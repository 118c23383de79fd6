import { timestampFromDate } from "@bufbuild/protobuf/wkt";
import { FulfillmentStatusChangedSchema, FulfillmentStatus as ProtoStatus } from "@tandem/contracts/fulfillment";
import { newEvent, type OutgoingEvent } from "@tandem/messaging";
import type { FulfillmentEvent } from "../model/fulfillment-events.ts";
import { snapshotOf } from "./to-proto.ts";

export const toOutgoingEvent = ({ fulfillment, previous, cancellationRefused, at }: FulfillmentEvent): OutgoingEvent =>
  newEvent(FulfillmentStatusChangedSchema, {
    fulfillmentId: fulfillment.id,
    aggregateVersion: fulfillment.version,
    occurredAt: timestampFromDate(at),
    orderId: fulfillment.orderId,
    sellerId: fulfillment.sellerId,
    status: ProtoStatus[fulfillment.status],
    previousStatus: previous ? ProtoStatus[previous] : ProtoStatus.UNSPECIFIED,
    fulfillment: snapshotOf(fulfillment),
    cancellationRefused,
    reason: fulfillment.reason,
  });
