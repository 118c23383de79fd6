import {
  CancelReason,
  type Order,
  OrderCancelledSchema,
  OrderChange,
  OrderCompletedSchema,
  OrderConfirmedSchema,
  OrderUpdatedSchema,
} from "@tandem/contracts/order";
import { type Consumer, defineConsumer } from "@tandem/messaging";
import type { makeFollowOrder } from "../../biz/follow-order.ts";
import { eventIncomplete, moneyValue, orderFromProto, orderValues, timeValue } from "../../events/from-proto.ts";
import type { Values } from "../../model/template.ts";
import { templateNamed } from "../../model/templates/template-catalogue.ts";

export interface OrderConsumersDeps {
  readonly followOrder: ReturnType<typeof makeFollowOrder>;
}

const request = (name: string, causeEventId: string, orderId: string, variables: Values) => ({
  causeEventId,
  template: templateNamed(name),
  orderId,
  variables: { ...orderValues(orderId), ...variables },
});

const totalOf = (order: Order) => moneyValue(`order ${order.orderId}`, order.totals?.total);

/** Tells of the confirmation. The first and only: each event has one message, however often and late it comes. */
export const onOrderConfirmed = ({ followOrder }: OrderConsumersDeps): Consumer =>
  defineConsumer({
    name: "notification.on-order-confirmed",
    event: OrderConfirmedSchema,
    handle: (event, { id, signal, carryInbox }) => {
      const { order, news } = orderFromProto(event.orderId, event.order);
      const variables = {
        total: totalOf(order),
        orderedAt: timeValue(`order ${event.orderId}`, order.createdAt ?? event.occurredAt),
        lines: order.lines.map(({ name, quantity, total }) => ({
          name,
          quantity,
          total: moneyValue(`order ${event.orderId}`, total),
        })),
      };
      return followOrder(news, request("order.confirmed", id, news.orderId, variables), { signal, once: carryInbox() });
    },
  });

/** Tells of the cancellation, and why. */
export const onOrderCancelled = ({ followOrder }: OrderConsumersDeps): Consumer =>
  defineConsumer({
    name: "notification.on-order-cancelled",
    event: OrderCancelledSchema,
    handle: (event, { id, signal, carryInbox }) => {
      const { order, news } = orderFromProto(event.orderId, event.order);
      const when = (...reasons: readonly CancelReason[]) => (reasons.includes(event.reason) ? "yes" : "");
      const why = {
        outOfStock: when(CancelReason.OUT_OF_STOCK),
        paymentFailed: when(CancelReason.PAYMENT_FAILED),
        requested: when(CancelReason.CUSTOMER_REQUEST),
        undelivered: when(CancelReason.DELIVERY_FAILED),
        other: when(CancelReason.TIMEOUT, CancelReason.RESERVATION_EXPIRED),
      };
      return followOrder(news, request("order.cancelled", id, news.orderId, { total: totalOf(order), ...why }), {
        signal,
        once: carryInbox(),
      });
    },
  });

/** Tells that everything is delivered and paid. */
export const onOrderCompleted = ({ followOrder }: OrderConsumersDeps): Consumer =>
  defineConsumer({
    name: "notification.on-order-completed",
    event: OrderCompletedSchema,
    handle: (event, { id, signal, carryInbox }) => {
      const { order, news } = orderFromProto(event.orderId, event.order);
      return followOrder(news, request("order.completed", id, news.orderId, { total: totalOf(order) }), {
        signal,
        once: carryInbox(),
      });
    },
  });

/** Learns whose order it is from every change, and tells of what will not be sent and of returns. */
export const onOrderUpdated = ({ followOrder }: OrderConsumersDeps): Consumer =>
  defineConsumer({
    name: "notification.on-order-updated",
    event: OrderUpdatedSchema,
    handle: ({ orderId, order: snapshot, change, returnId }, { id, signal, carryInbox }) => {
      const { order, news } = orderFromProto(orderId, snapshot);
      switch (change) {
        case OrderChange.SHORTENED: {
          const lines = order.lines
            .filter(({ shortQuantity }) => shortQuantity > 0)
            .map(({ name, quantity, shortQuantity }) => ({ name, quantity, short: shortQuantity }));
          return followOrder(news, request("order.shortened", id, news.orderId, { lines, total: totalOf(order) }), {
            signal,
            once: carryInbox(),
          });
        }
        case OrderChange.RETURN_REQUESTED:
        case OrderChange.RETURNED: {
          const found = order.returns.find((one) => one.returnId === returnId);
          if (!found) throw eventIncomplete(`order ${orderId}`, "the return");
          const name = change === OrderChange.RETURNED ? "order.returned" : "order.return_requested";
          const refund = moneyValue(`order ${orderId}`, found.refund);
          return followOrder(news, request(name, id, news.orderId, { returnId, refund }), {
            signal,
            once: carryInbox(),
          });
        }
        default:
          return followOrder(news, undefined, { signal, once: carryInbox() });
      }
    },
  });
