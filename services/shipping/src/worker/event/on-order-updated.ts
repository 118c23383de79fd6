import { OrderChange, OrderUpdatedSchema } from "@tandem/contracts/order";
import { type Consumer, defineConsumer } from "@tandem/messaging";
import type { makeOpenReturn } from "../../biz/follow-fulfillment.ts";
import { returnFromProto } from "../../events/from-proto.ts";

const NAME = "shipping.on-order-updated";

/** RETURN_REQUESTED: a label, and a carrier who fetches it. Again: nothing. Needs nothing before it. Other changes: none of our business. */
export const onOrderUpdated = (deps: { readonly openReturn: ReturnType<typeof makeOpenReturn> }): Consumer =>
  defineConsumer({
    name: NAME,
    event: OrderUpdatedSchema,
    handle: async ({ orderId, order, change, returnId }, { id, carryInbox, ignore, signal }) => {
      if (change !== OrderChange.RETURN_REQUESTED) return ignore();
      const inHand = { id, consumer: NAME, carry: carryInbox };
      await deps.openReturn(returnFromProto(orderId, order, returnId), inHand, signal);
    },
  });
