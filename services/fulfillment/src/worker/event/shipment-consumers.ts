import type { DescMessage, MessageShape } from "@bufbuild/protobuf";
import { enumName, topicOf } from "@tandem/contracts";
import {
  ShipmentCreatedSchema,
  ShipmentDeliveredSchema,
  ShipmentDispatchedSchema,
  ShipmentFailedSchema,
  ShipmentFailure,
} from "@tandem/contracts/shipping";
import { type Consumer, defineConsumer } from "@tandem/messaging";
import type { makeFollowCarrier } from "../../biz/change-fulfillment.ts";
import type { CarrierNews } from "../../model/fulfillment.ts";

type Deps = { readonly followCarrier: ReturnType<typeof makeFollowCarrier> };
type AboutParcel<Desc extends DescMessage> = MessageShape<Desc> & { readonly fulfillmentId: string };

/**
 * The carrier's news, which may come in any order and more than once: a parcel only moves on. Of one that is further, was held back or is
 * at its end: nothing. A parcel without a fulfillment is a return and not ours; with an unknown one: a dead letter, as none leaves unasked.
 */
const follow = <Desc extends DescMessage>(
  { followCarrier }: Deps,
  event: Desc,
  translate: (message: AboutParcel<Desc>) => CarrierNews,
): Consumer =>
  defineConsumer({
    name: `fulfillment.on-${topicOf(event).name.replaceAll(/[._]/g, "-")}`,
    event,
    handle: async (message, { carryInbox, ignore, signal }) => {
      const about = message as AboutParcel<Desc>;
      if (!about.fulfillmentId) return ignore();
      await followCarrier({ fulfillmentId: about.fulfillmentId, news: translate(about), carry: carryInbox }, signal);
    },
  });

export const shipmentConsumers = (deps: Deps): readonly Consumer[] => [
  follow(deps, ShipmentCreatedSchema, ({ shipmentId }) => ({ type: "created", shipmentId })),
  follow(deps, ShipmentDispatchedSchema, () => ({ type: "dispatched" })),
  follow(deps, ShipmentDeliveredSchema, () => ({ type: "delivered" })),
  follow(deps, ShipmentFailedSchema, ({ failure, text }) => ({
    type: "failed",
    reason: text || enumName(ShipmentFailure, failure).toLowerCase(),
  })),
];
