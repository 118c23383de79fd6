import { OrderChange, OrderUpdatedSchema } from "@tandem/contracts/order";
import { isId } from "@tandem/kernel";
import { type Consumer, defineConsumer } from "@tandem/messaging";
import type { makeShortenReservation } from "../../biz/shorten-reservation.ts";
import type { makeTakeBack } from "../../biz/take-back.ts";
import { linesOf, orderIncomplete } from "../../events/order-incomplete.ts";

/**
 * RETURNED puts goods that came back on the shelf. Again: nothing more happens, by the return's id. Too early, before the order's pieces have
 * left the shelf here: counted all the same, the sums come out right. SHORTENED takes pieces that are never sent out of the reservation, and
 * puts those that are there back. Too early, before the confirmation: delivered again later. Too late, after the cancellation: nothing.
 * Other changes of an order are none of the warehouse's business.
 */
export const onOrderUpdated = (deps: {
  readonly takeBack: ReturnType<typeof makeTakeBack>;
  readonly shortenReservation: ReturnType<typeof makeShortenReservation>;
}): Consumer =>
  defineConsumer({
    name: "warehouse.on-order-updated",
    event: OrderUpdatedSchema,
    handle: async ({ orderId, order, change, returnId, shortened }, { signal }) => {
      if (change === OrderChange.SHORTENED) {
        linesOf(orderId, shortened);
        await deps.shortenReservation({ orderId, lines: shortened }, signal);
        return;
      }
      if (change !== OrderChange.RETURNED) return;
      const returned = order?.returns.find((one) => one.returnId === returnId);
      if (!returned || !isId(returnId)) throw orderIncomplete(orderId, "returns");
      await deps.takeBack({ returnId, orderId, lines: linesOf(orderId, returned.lines) }, signal);
    },
  });
