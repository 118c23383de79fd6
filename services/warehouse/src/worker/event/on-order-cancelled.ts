import { OrderCancelledSchema } from "@tandem/contracts/order";
import { type Consumer, defineConsumer } from "@tandem/messaging";
import type { makeReleaseReservation } from "../../biz/release-reservation.ts";

/**
 * Gives a cancelled order's pieces back, but for those that are not there any more. Again: nothing more happens. Too early, before the creation: the order gets a
 * closed reservation, so that its creation promises nothing.
 */
export const onOrderCancelled = (deps: {
  readonly releaseReservation: ReturnType<typeof makeReleaseReservation>;
}): Consumer =>
  defineConsumer({
    name: "warehouse.on-order-cancelled",
    event: OrderCancelledSchema,
    handle: ({ orderId, missing }, { signal }) =>
      deps.releaseReservation({ orderId, reason: "ORDER_CANCELLED", missing }, signal),
  });
