import { CustomerChange, CustomerUpdatedSchema } from "@tandem/contracts/customer";
import {
  OrderCancelledSchema,
  OrderCompletedSchema,
  OrderConfirmedSchema,
  OrderCreatedSchema,
  OrderPaidSchema,
  OrderUpdatedSchema,
} from "@tandem/contracts/order";
import { type Consumer, defineConsumer } from "@tandem/messaging";
import type { makeEraseCustomer } from "../../biz/put-documents.ts";
import { baseFromOrder } from "../../events/from-proto.ts";
import { type ApplyPart, partConsumer } from "./part-consumer.ts";

export interface OrderConsumersDeps {
  readonly applyPart: ApplyPart;
  readonly eraseCustomer: ReturnType<typeof makeEraseCustomer>;
}

/** All carry the whole order: the newest version alone is the truth. Again or too late: changes nothing. None can be too early. */
const orderEvents = [
  { name: "search.on-order-created", event: OrderCreatedSchema },
  { name: "search.on-order-updated", event: OrderUpdatedSchema },
  { name: "search.on-order-confirmed", event: OrderConfirmedSchema },
  { name: "search.on-order-paid", event: OrderPaidSchema },
  { name: "search.on-order-cancelled", event: OrderCancelledSchema },
  { name: "search.on-order-completed", event: OrderCompletedSchema },
] as const;

export const orderConsumers = ({ applyPart, eraseCustomer }: OrderConsumersDeps): Consumer[] => [
  ...orderEvents.map((definition) =>
    partConsumer<(typeof orderEvents)[number]["event"]>(
      definition,
      applyPart,
      ({ orderId, aggregateVersion, order }) =>
        order
          ? {
              type: "ORDER",
              id: orderId,
              part: { part: "BASE", version: aggregateVersion, deleted: false, content: baseFromOrder(order) },
            }
          : undefined,
    ),
  ),
  // Early, before orders that are still on their way: remembered, and they are blanked when they come. Again: nothing is left to blank.
  defineConsumer({
    name: "search.on-customer-updated",
    event: CustomerUpdatedSchema,
    handle: async ({ customerId, change }, { ignore, signal }) => {
      if (change !== CustomerChange.ERASED) return ignore();
      await eraseCustomer(customerId, signal);
    },
  }),
];
