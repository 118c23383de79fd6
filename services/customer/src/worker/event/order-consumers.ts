import {
  OrderCancelledSchema,
  OrderCompletedSchema,
  OrderConfirmedSchema,
  OrderUpdatedSchema,
} from "@tandem/contracts/order";
import { type Consumer, defineConsumer } from "@tandem/messaging";
import type { makeFollowOrder } from "../../biz/follow-order.ts";
import { orderRecordFromProto } from "../../events/from-proto.ts";

type FollowOrder = ReturnType<typeof makeFollowOrder>;

/**
 * The figures follow the orders. Every order event carries the whole order, so all four do the same: the newest version counts.
 * Too late or again: an older version changes nothing. Too early, before the registration: kept, and found by it.
 */
export const orderConsumers = ({ followOrder }: { readonly followOrder: FollowOrder }): Consumer[] => [
  defineConsumer({
    name: "customer.on-order-confirmed",
    event: OrderConfirmedSchema,
    handle: ({ orderId, aggregateVersion, order }, { signal, carryInbox }) =>
      followOrder(orderRecordFromProto(orderId, aggregateVersion, order), carryInbox, signal),
  }),
  defineConsumer({
    name: "customer.on-order-updated",
    event: OrderUpdatedSchema,
    handle: ({ orderId, aggregateVersion, order }, { signal, carryInbox }) =>
      followOrder(orderRecordFromProto(orderId, aggregateVersion, order), carryInbox, signal),
  }),
  defineConsumer({
    name: "customer.on-order-completed",
    event: OrderCompletedSchema,
    handle: ({ orderId, aggregateVersion, order }, { signal, carryInbox }) =>
      followOrder(orderRecordFromProto(orderId, aggregateVersion, order), carryInbox, signal),
  }),
  defineConsumer({
    name: "customer.on-order-cancelled",
    event: OrderCancelledSchema,
    handle: ({ orderId, aggregateVersion, order }, { signal, carryInbox }) =>
      followOrder(orderRecordFromProto(orderId, aggregateVersion, order), carryInbox, signal),
  }),
];
