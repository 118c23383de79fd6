import { AppError, type Clock } from "@tandem/kernel";
import { reservationNotFound } from "../model/errors.ts";
import { planRestock } from "../model/plan-reservation.ts";
import { mergeLines, type ReservationLine, withoutPieces } from "../model/reservation.ts";
import { applyStockChange } from "./apply-stock-change.ts";
import type { WarehouseUnitOfWork } from "./ports.ts";

export interface ShortenReservationDeps {
  readonly uow: WarehouseUnitOfWork;
  readonly clock: Clock;
  readonly newId: () => string;
}

export interface ShortenReservationInput {
  readonly orderId: string;
  /** Pieces that are not sent; those that are still there go back on the shelf. */
  readonly lines: readonly (ReservationLine & { readonly backOnShelf: boolean })[];
}

/**
 * Takes pieces that are never sent out of a committed reservation, so that a cancellation afterwards does not give them back a second time.
 * @throws AppError `warehouse.reservation_not_found`, retryable: the order's creation or confirmation may arrive later
 */
export const makeShortenReservation =
  ({ uow, clock, newId }: ShortenReservationDeps) =>
  ({ orderId, lines }: ShortenReservationInput, signal?: AbortSignal): Promise<void> =>
    uow.transact(async (repositories) => {
      const before = await repositories.reservations.lockByOrderId(orderId);
      if (!before || before.status === "HELD" || before.status === "EXPIRED") {
        const { kind, code, message } = reservationNotFound(orderId);
        throw new AppError(kind, code, message, { retryable: true });
      }
      if (before.status !== "COMMITTED") return;
      const { reservation, taken } = withoutPieces(before, lines);
      if (reservation === before) return;
      await repositories.reservations.updateLines(reservation);
      const now = clock.now();
      const back = mergeLines(taken.filter(({ backOnShelf }) => backOnShelf));
      const stocks = await repositories.stocks.lockByProductIds(back.map(({ productId }) => productId));
      // Not the order's id alone: its cancellation restocks the rest, and an order may shrink more than once.
      const reference = `${orderId} v${reservation.version}`;
      await applyStockChange(repositories, planRestock(stocks, back, { reference, at: now, newId }), now);
    }, signal);
