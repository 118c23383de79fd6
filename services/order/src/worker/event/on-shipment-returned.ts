import { ShipmentReturnedSchema } from "@tandem/contracts/shipping";
import { type Consumer, defineConsumer } from "@tandem/messaging";
import type { makeReceiveReturn } from "../../biz/follow-return.ts";

/** The goods of a return are back. Again: nothing. Never too early: the order commits a return before shipping hears of it. */
export const onShipmentReturned = (deps: { readonly receiveReturn: ReturnType<typeof makeReceiveReturn> }): Consumer =>
  defineConsumer({
    name: "order.on-shipment-returned",
    event: ShipmentReturnedSchema,
    handle: ({ orderId, returnId }, { signal }) => deps.receiveReturn(orderId, returnId, signal),
  });
