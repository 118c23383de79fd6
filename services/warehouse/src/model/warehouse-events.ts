import type { Reservation, ReservationLine } from "./reservation.ts";
import type { Stock } from "./stock.ts";

export type ReleaseReason = "ORDER_CANCELLED" | "EXPIRED" | "REQUESTED";

/** What happened, in the warehouse's own words; `events/` puts it into proto. */
export type WarehouseEvent =
  | { readonly type: "stock.reserved"; readonly reservation: Reservation; readonly at: Date }
  | {
      readonly type: "stock.rejected";
      readonly reservation: Reservation;
      readonly shortages: readonly Shortage[];
      readonly at: Date;
    }
  | {
      readonly type: "stock.released";
      readonly reservation: Reservation;
      readonly reason: ReleaseReason;
      readonly at: Date;
    }
  | { readonly type: "stock.changed"; readonly stock: Stock; readonly at: Date };

export interface Shortage extends ReservationLine {
  readonly available: number;
}

export const stockReserved = (reservation: Reservation, at: Date): WarehouseEvent => ({
  type: "stock.reserved",
  reservation,
  at,
});

export const stockRejected = (reservation: Reservation, shortages: readonly Shortage[], at: Date): WarehouseEvent => ({
  type: "stock.rejected",
  reservation,
  shortages,
  at,
});

export const stockReleased = (reservation: Reservation, reason: ReleaseReason, at: Date): WarehouseEvent => ({
  type: "stock.released",
  reservation,
  reason,
  at,
});

export const stockChanged = (stock: Stock, at: Date): WarehouseEvent => ({ type: "stock.changed", stock, at });
