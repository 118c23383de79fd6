import type { Clock } from "@tandem/kernel";
import { planRelease, planRestock } from "../model/plan-reservation.ts";
import {
  type Reservation,
  type ReservationLine,
  reservationStates,
  withoutPieces,
  withStatus,
} from "../model/reservation.ts";
import { type ReleaseReason, stockReleased } from "../model/warehouse-events.ts";
import { applyStockChange } from "./apply-stock-change.ts";
import type { WarehouseUnitOfWork } from "./ports.ts";

export interface ReleaseReservationDeps {
  readonly uow: WarehouseUnitOfWork;
  readonly clock: Clock;
  readonly newId: () => string;
}

export interface ReleaseReservationInput {
  readonly orderId: string;
  readonly reason: ReleaseReason;
  /** Pieces that had left the shelf and are not there any more: they are not given back. */
  readonly missing?: readonly ReservationLine[] | undefined;
}

/**
 * Gives an order's pieces back to sale, whether promised or already committed, and says so with `stock.released`.
 * Idempotent. An order that was never reserved gets a closed, empty reservation: should its creation arrive
 * after its cancellation, nothing is promised any more.
 */
export const makeReleaseReservation =
  ({ uow, clock, newId }: ReleaseReservationDeps) =>
  ({ orderId, reason, missing = [] }: ReleaseReservationInput, signal?: AbortSignal): Promise<Reservation> =>
    uow.transact(async (repositories) => {
      const { reservations, stocks, outbox } = repositories;
      const now = clock.now();
      let before = await reservations.lockByOrderId(orderId);
      if (!before) {
        const closed: Reservation = {
          id: newId(),
          orderId,
          status: "RELEASED",
          lines: [],
          expiresAt: now,
          createdAt: now,
          version: 1n,
        };
        if (await reservations.createIfAbsent(closed)) {
          await outbox.add(stockReleased(closed, reason, now));
          return closed;
        }
        before = await reservations.lockByOrderId(orderId);
        if (!before) return closed;
      }
      if (!reservationStates.can(before.status, "RELEASED")) return before;

      const committed = before.status === "COMMITTED";
      const after = withStatus(committed ? withoutPieces(before, missing).reservation : before, "RELEASED");
      await reservations.updateStatus(after);
      if (after.lines !== before.lines) await reservations.updateLines(after);
      const released = [stockReleased(after, reason, now)];
      if (before.status !== "HELD" && !committed) {
        await outbox.add(...released);
        return after;
      }
      const locked = await stocks.lockByProductIds(after.lines.map((line) => line.productId));
      const plan = before.status === "HELD" ? planRelease : planRestock;
      const change = plan(locked, after.lines, { reference: orderId, at: now, newId });
      await applyStockChange(repositories, change, now, released);
      return after;
    }, signal);
