import { AppError, isId } from "@tandem/kernel";
import type { ReservationLine } from "../model/reservation.ts";

/** An event without what its contract promises: nothing will make it right, so it becomes a dead letter at once. */
export const orderIncomplete = (orderId: string, field: string) =>
  new AppError("invalid_argument", "event.incomplete", `The event about order ${orderId} lacks ${field}.`, {
    details: [{ field, rule: "required", message: "missing" }],
  });

/**
 * The lines of an order as stock can be reserved for: at least one, each of a product and of one piece or more. A negative one
 * would give other orders' pieces away.
 * @throws AppError `event.incomplete`
 */
export const linesOf = (orderId: string, lines: readonly ReservationLine[]): readonly ReservationLine[] => {
  const sound = lines.length > 0 && lines.every(({ productId, quantity }) => isId(productId) && quantity > 0);
  if (!sound) throw orderIncomplete(orderId, "lines");
  return lines;
};
