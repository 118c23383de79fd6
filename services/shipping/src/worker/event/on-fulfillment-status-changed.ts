import { FulfillmentStatus, FulfillmentStatusChangedSchema } from "@tandem/contracts/fulfillment";
import { type Consumer, defineConsumer } from "@tandem/messaging";
import type { makeFollowCancellation, makeHandOverShipment, makeOpenShipment } from "../../biz/follow-fulfillment.ts";
import { packedParcelFromProto } from "../../events/from-proto.ts";

const NAME = "shipping.on-fulfillment-status-changed";

/**
 * PACKED: a carrier is looked for and booked, and a label made. HANDED_OVER: it is fetched. CANCELLED after PACKED: the booking goes back. Each
 * carries the whole parcel, so that any may come first: HANDED_OVER opens what PACKED would have, CANCELLED closes it for ever. Again: nothing.
 * CANCELLED before anything was packed, and other statuses: none of our business.
 */
export const onFulfillmentStatusChanged = (deps: {
  readonly openShipment: ReturnType<typeof makeOpenShipment>;
  readonly handOverShipment: ReturnType<typeof makeHandOverShipment>;
  readonly followCancellation: ReturnType<typeof makeFollowCancellation>;
}): Consumer =>
  defineConsumer({
    name: NAME,
    event: FulfillmentStatusChangedSchema,
    handle: async ({ fulfillmentId, status, previousStatus, fulfillment, reason }, context) => {
      const { signal } = context;
      const inHand = { id: context.id, consumer: NAME, carry: context.carryInbox };
      switch (status) {
        case FulfillmentStatus.PACKED:
          await deps.openShipment(packedParcelFromProto(fulfillmentId, fulfillment), inHand, signal);
          return;
        case FulfillmentStatus.HANDED_OVER:
          await deps.handOverShipment(packedParcelFromProto(fulfillmentId, fulfillment), inHand, signal);
          return;
        case FulfillmentStatus.CANCELLED:
          if (previousStatus !== FulfillmentStatus.PACKED) return context.ignore();
          await deps.followCancellation(packedParcelFromProto(fulfillmentId, fulfillment), reason, signal);
          return;
        default:
          context.ignore();
      }
    },
  });
