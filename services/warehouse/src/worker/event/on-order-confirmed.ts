import { OrderConfirmedSchema } from "@tandem/contracts/order";
import { type Consumer, defineConsumer } from "@tandem/messaging";
import type { makeCommitReservation } from "../../biz/commit-reservation.ts";

/**
 * Takes a confirmed order's pieces off the shelf. Again: nothing more happens. Too early, before the reservation: delivered
 * again later. Too late, after it expired: honoured while the pieces are there, else `stock.rejected`.
 */
export const onOrderConfirmed = (deps: {
  readonly commitReservation: ReturnType<typeof makeCommitReservation>;
}): Consumer =>
  defineConsumer({
    name: "warehouse.on-order-confirmed",
    event: OrderConfirmedSchema,
    handle: ({ orderId }, { signal }) => deps.commitReservation(orderId, signal),
  });
