import { timestampFromDate } from "@bufbuild/protobuf/wkt";
import {
  ReleaseReason,
  StockChangedSchema,
  StockRejectedSchema,
  StockReleasedSchema,
  StockReservedSchema,
} from "@tandem/contracts/warehouse";
import { newEvent, type OutgoingEvent } from "@tandem/messaging";
import { available } from "../model/stock.ts";
import type { WarehouseEvent } from "../model/warehouse-events.ts";
import { linesToProto } from "./to-proto.ts";

/** The warehouse's events in proto. A reservation's events have the order as aggregate and the reservation's version. */
export const toOutgoingEvent = (event: WarehouseEvent): OutgoingEvent => {
  const occurredAt = timestampFromDate(event.at);
  if (event.type === "stock.changed") {
    const { stock } = event;
    return newEvent(StockChangedSchema, {
      productId: stock.productId,
      aggregateVersion: stock.version,
      occurredAt,
      sellerId: stock.sellerId,
      onHand: stock.onHand,
      reserved: stock.reserved,
      available: available(stock),
    });
  }
  const { reservation } = event;
  const common = {
    orderId: reservation.orderId,
    aggregateVersion: reservation.version,
    occurredAt,
    reservationId: reservation.id,
  };
  const expiresAt = timestampFromDate(reservation.expiresAt);
  switch (event.type) {
    case "stock.reserved":
      return newEvent(StockReservedSchema, { ...common, lines: linesToProto(reservation), expiresAt });
    case "stock.rejected":
      return newEvent(StockRejectedSchema, {
        ...common,
        shortages: event.shortages.map((shortage) => ({ ...shortage })),
      });
    case "stock.released":
      return newEvent(StockReleasedSchema, {
        ...common,
        lines: linesToProto(reservation),
        reason: ReleaseReason[event.reason],
        expiresAt,
      });
  }
};
