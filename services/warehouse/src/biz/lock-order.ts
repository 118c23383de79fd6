import { AppError } from "@tandem/kernel";
import { reservationNotFound } from "../model/errors.ts";
import type { Reservation } from "../model/reservation.ts";
import type { Stock } from "../model/stock.ts";
import type { Repositories } from "./ports.ts";

/**
 * Locks an order's reservation and then its stock: everywhere in this order, so that two transactions never wait in a ring.
 * @throws AppError `warehouse.reservation_not_found`, retryable: events arrive in any order
 */
export const lockOrder = async (
  { reservations, stocks }: Repositories,
  orderId: string,
): Promise<{ reservation: Reservation; stocks: ReadonlyMap<string, Stock> }> => {
  const reservation = await reservations.lockByOrderId(orderId);
  if (!reservation) {
    const missing = reservationNotFound(orderId);
    throw new AppError(missing.kind, missing.code, missing.message, { retryable: true, details: missing.details });
  }
  return { reservation, stocks: await stocks.lockByProductIds(reservation.lines.map((line) => line.productId)) };
};
