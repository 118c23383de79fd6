import type { Clock } from "@tandem/kernel";
import { planReservation } from "../model/plan-reservation.ts";
import { mergeLines, type Reservation, type ReservationLine } from "../model/reservation.ts";
import { stockRejected, stockReserved } from "../model/warehouse-events.ts";
import { applyStockChange } from "./apply-stock-change.ts";
import type { WarehouseUnitOfWork } from "./ports.ts";

export interface ReserveStockDeps {
  readonly uow: WarehouseUnitOfWork;
  readonly clock: Clock;
  readonly newId: () => string;
}

export interface ReserveStockInput {
  readonly orderId: string;
  readonly lines: readonly ReservationLine[];
  readonly expiresAt: Date;
}

/**
 * Promises all lines of an order or none, and says so with `stock.reserved` or `stock.rejected` in the same transaction.
 * Idempotent by order: a repeat returns the first answer and emits nothing. An order that was cancelled before
 * its reservation was asked for stays without one.
 */
export const makeReserveStock =
  ({ uow, clock, newId }: ReserveStockDeps) =>
  (input: ReserveStockInput, signal?: AbortSignal): Promise<Reservation> =>
    uow.transact(async (repositories) => {
      const { stocks, reservations, outbox } = repositories;
      const now = clock.now();
      const lines = mergeLines(input.lines);
      // Reservation before stock, as everywhere in this context: one lock order, no ring.
      const existing = await reservations.lockByOrderId(input.orderId);
      if (existing) return existing;
      const locked = await stocks.lockByProductIds(lines.map((line) => line.productId));

      const plan = planReservation(locked, lines, { reference: input.orderId, at: now, newId });
      const reservation: Reservation = {
        id: newId(),
        orderId: input.orderId,
        status: plan.kind === "reserved" ? "HELD" : "REJECTED",
        lines,
        expiresAt: input.expiresAt,
        createdAt: now,
        version: 1n,
      };
      // Two deliveries of one order may both have found nothing above: the unique order id decides.
      if (!(await reservations.createIfAbsent(reservation))) {
        return (await reservations.lockByOrderId(input.orderId)) ?? reservation;
      }
      if (plan.kind === "rejected") {
        await outbox.add(stockRejected(reservation, plan.shortages, now));
        return reservation;
      }
      await applyStockChange(repositories, plan.change, now, [stockReserved(reservation, now)]);
      return reservation;
    }, signal);
