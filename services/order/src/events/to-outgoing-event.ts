import { timestampFromDate } from "@bufbuild/protobuf/wkt";
import {
  OrderCancelledSchema,
  OrderCompletedSchema,
  OrderConfirmedSchema,
  OrderCreatedSchema,
  OrderPaidSchema,
  OrderUpdatedSchema,
  CancelReason as ProtoCancelReason,
  OrderChange as ProtoOrderChange,
} from "@tandem/contracts/order";
import { newEvent, type OutgoingEvent } from "@tandem/messaging";
import type { OrderEvent } from "../model/order-events.ts";
import { orderToProto, paymentMethodToProto } from "./order-to-proto.ts";

/** The order's events in proto. Only the one that asks payment to authorize carries the card's token. */
export const toOutgoingEvent = (event: OrderEvent): OutgoingEvent => {
  const { order } = event;
  const common = {
    orderId: order.id,
    aggregateVersion: order.version,
    occurredAt: timestampFromDate(event.at),
    order: orderToProto(order),
  };
  switch (event.type) {
    case "order.created":
      return newEvent(OrderCreatedSchema, common);
    case "order.updated":
      return newEvent(OrderUpdatedSchema, {
        ...common,
        change: ProtoOrderChange[event.change],
        ...(event.change === "STOCK_RESERVED" ? { paymentMethod: paymentMethodToProto(order.paymentMethod) } : {}),
        returnId: event.returnId ?? "",
        shortened: (event.shortened ?? []).map((line) => ({ ...line })),
      });
    case "order.confirmed":
      return newEvent(OrderConfirmedSchema, common);
    case "order.paid":
      return newEvent(OrderPaidSchema, common);
    case "order.cancelled":
      return newEvent(OrderCancelledSchema, {
        ...common,
        reason: ProtoCancelReason[order.cancelReason ?? "STAFF_REQUEST"],
        text: order.cancelNote ?? "",
        missing: event.missing.map((line) => ({ ...line })),
      });
    case "order.completed":
      return newEvent(OrderCompletedSchema, common);
  }
};
