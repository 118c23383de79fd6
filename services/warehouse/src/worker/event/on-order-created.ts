import { timestampDate } from "@bufbuild/protobuf/wkt";
import { OrderCreatedSchema } from "@tandem/contracts/order";
import { type Consumer, defineConsumer } from "@tandem/messaging";
import type { makeReserveStock } from "../../biz/reserve-stock.ts";
import { linesOf, orderIncomplete } from "../../events/order-incomplete.ts";

/**
 * Reserves a new order's stock. Again: the first answer stands. Too late, after the cancellation: the order has a closed
 * reservation, and nothing is promised.
 */
export const onOrderCreated = (deps: { readonly reserveStock: ReturnType<typeof makeReserveStock> }): Consumer =>
  defineConsumer({
    name: "warehouse.on-order-created",
    event: OrderCreatedSchema,
    handle: ({ orderId, order }, { signal }) => {
      if (!order?.expiresAt) throw orderIncomplete(orderId, "expires_at");
      const lines = linesOf(orderId, order.lines);
      return deps.reserveStock({ orderId, lines, expiresAt: timestampDate(order.expiresAt) }, signal);
    },
  });
