import { create, type MessageInitShape } from "@bufbuild/protobuf";
import { timestampFromDate } from "@bufbuild/protobuf/wkt";
import {
  DriftSchema,
  MovementSchema,
  DriftStatus as ProtoDriftStatus,
  MovementKind as ProtoMovementKind,
  ReservationStatus as ProtoReservationStatus,
  ReservationSchema,
  StockSchema,
  StockStatus,
} from "@tandem/contracts/warehouse";
import type { Drift } from "../model/drift.ts";
import type { Movement } from "../model/movement.ts";
import type { Reservation } from "../model/reservation.ts";
import { available, type Stock } from "../model/stock.ts";

/** At or below this many available pieces stock counts as low. */
const LOW = 5;

const statusOf = (stock: Stock): StockStatus => {
  const there = available(stock);
  if (there === 0) return StockStatus.OUT_OF_STOCK;
  return there <= LOW ? StockStatus.LOW : StockStatus.IN_STOCK;
};

export const stockToProto = (stock: Stock) =>
  create(StockSchema, {
    productId: stock.productId,
    sellerId: stock.sellerId,
    onHand: stock.onHand,
    reserved: stock.reserved,
    available: available(stock),
    status: statusOf(stock),
    version: stock.version,
    updatedAt: timestampFromDate(stock.updatedAt),
  });

export const reservationToProto = (reservation: Reservation) =>
  create(ReservationSchema, {
    reservationId: reservation.id,
    orderId: reservation.orderId,
    status: ProtoReservationStatus[reservation.status],
    lines: linesToProto(reservation),
    expiresAt: timestampFromDate(reservation.expiresAt),
    createdAt: timestampFromDate(reservation.createdAt),
    version: reservation.version,
  });

export const linesToProto = ({
  lines,
}: Reservation): NonNullable<MessageInitShape<typeof ReservationSchema>["lines"]> =>
  lines.map(({ productId, quantity }) => ({ productId, quantity }));

export const driftToProto = (drift: Drift) =>
  create(DriftSchema, {
    driftId: drift.id,
    productId: drift.productId,
    status: ProtoDriftStatus[drift.status],
    onHand: drift.onHand,
    reserved: drift.reserved,
    onHandByLedger: drift.onHandByLedger,
    reservedByLedger: drift.reservedByLedger,
    reservedByOrders: drift.reservedByOrders,
    foundAt: timestampFromDate(drift.foundAt),
    endedAt: drift.endedAt && timestampFromDate(drift.endedAt),
    note: drift.note,
  });

export const movementToProto = (movement: Movement) =>
  create(MovementSchema, {
    movementId: movement.id,
    productId: movement.productId,
    kind: ProtoMovementKind[movement.kind],
    onHandDelta: movement.onHandDelta,
    reservedDelta: movement.reservedDelta,
    reference: movement.reference,
    at: timestampFromDate(movement.at),
  });
