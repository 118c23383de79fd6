import { OrderCancelledSchema, OrderChange, OrderUpdatedSchema } from "@tandem/contracts/order";
import { type Consumer, defineConsumer } from "@tandem/messaging";
import type {
  makeCancelPayment,
  makeCollectPayment,
  makeOpenPayment,
  makeRefundReturn,
  makeShortenPayment,
} from "../../biz/follow-order.ts";
import { orderMoneyFromProto, orderTotalFromProto, returnedGoodsFromProto } from "../../events/from-proto.ts";

/**
 * STOCK_RESERVED opens the payment, SHIPPED and DELIVERED collect it, SHORTENED takes less or gives back, RETURNED gives back. Again:
 * nothing more. Too early, before the opening: delivered again later; a return before the capture waits for it. Too late, after the
 * cancellation: nothing is taken.
 */
export const onOrderUpdated = (deps: {
  readonly openPayment: ReturnType<typeof makeOpenPayment>;
  readonly collectPayment: ReturnType<typeof makeCollectPayment>;
  readonly shortenPayment: ReturnType<typeof makeShortenPayment>;
  readonly refundReturn: ReturnType<typeof makeRefundReturn>;
}): Consumer =>
  defineConsumer({
    name: "payment.on-order-updated",
    event: OrderUpdatedSchema,
    handle: async ({ orderId, aggregateVersion, order, change, paymentMethod, returnId }, { signal }) => {
      switch (change) {
        case OrderChange.STOCK_RESERVED:
          return deps.openPayment(orderMoneyFromProto(orderId, order, paymentMethod), signal);
        case OrderChange.SHIPPED:
          return deps.collectPayment(orderTotalFromProto(orderId, aggregateVersion, order), "SHIPPED", signal);
        case OrderChange.DELIVERED:
          return deps.collectPayment(orderTotalFromProto(orderId, aggregateVersion, order), "DELIVERED", signal);
        case OrderChange.SHORTENED:
          return deps.shortenPayment(orderTotalFromProto(orderId, aggregateVersion, order), signal);
        case OrderChange.RETURNED:
          return deps.refundReturn(returnedGoodsFromProto(orderId, returnId, order), signal);
        default:
          return undefined;
      }
    },
  });

/** Gives back what was taken. Again, or with nothing taken: answered all the same. Too early: the payment is closed before it is opened. */
export const onOrderCancelled = (deps: { readonly cancelPayment: ReturnType<typeof makeCancelPayment> }): Consumer =>
  defineConsumer({
    name: "payment.on-order-cancelled",
    event: OrderCancelledSchema,
    handle: ({ orderId, order }, { signal }) => deps.cancelPayment(orderMoneyFromProto(orderId, order), signal),
  });
