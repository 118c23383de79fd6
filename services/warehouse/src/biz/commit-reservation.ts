import type { Clock } from "@tandem/kernel";
import { planCommitment, planReservation } from "../model/plan-reservation.ts";
import { type Reservation, withStatus } from "../model/reservation.ts";
import { stockRejected } from "../model/warehouse-events.ts";
import { applyStockChange } from "./apply-stock-change.ts";
import { lockOrder } from "./lock-order.ts";
import type { WarehouseUnitOfWork } from "./ports.ts";

export interface CommitReservationDeps {
  readonly uow: WarehouseUnitOfWork;
  readonly clock: Clock;
  readonly newId: () => string;
}

/**
 * Takes the pieces of a confirmed order off the shelf. Idempotent. A promise that ran out meanwhile is honoured
 * when the pieces are still there; otherwise `stock.rejected` tells the order to compensate.
 * @throws AppError `warehouse.reservation_not_found` (retryable: the order's creation may arrive later)
 */
export const makeCommitReservation =
  ({ uow, clock, newId }: CommitReservationDeps) =>
  (orderId: string, signal?: AbortSignal): Promise<Reservation> =>
    uow.transact(async (repositories) => {
      const { reservation, stocks } = await lockOrder(repositories, orderId);
      const now = clock.now();
      const context = { reference: orderId, at: now, newId };
      if (reservation.status === "HELD") {
        const committed = withStatus(reservation, "COMMITTED");
        await repositories.reservations.updateStatus(committed);
        await applyStockChange(repositories, planCommitment(stocks, reservation.lines, context), now);
        return committed;
      }
      if (reservation.status !== "EXPIRED") return reservation;

      const plan = planReservation(stocks, reservation.lines, context);
      const after = withStatus(reservation, plan.kind === "reserved" ? "COMMITTED" : "REJECTED");
      await repositories.reservations.updateStatus(after);
      if (plan.kind === "rejected") {
        await repositories.outbox.add(stockRejected(after, plan.shortages, now));
        return after;
      }
      const reserved = new Map(plan.change.stocks.map((stock) => [stock.productId, stock]));
      const commitment = planCommitment(reserved, reservation.lines, context);
      await applyStockChange(
        repositories,
        { stocks: commitment.stocks, movements: [...plan.change.movements, ...commitment.movements] },
        now,
      );
      return after;
    }, signal);
