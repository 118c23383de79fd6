import { OrderCancelledSchema, OrderChange, OrderUpdatedSchema } from "@tandem/contracts/order";
import { type Consumer, defineConsumer } from "@tandem/messaging";
import type { makeCancelPayment, makeCollectPayment, makeOpenPayment } from "../../biz/follow-order.ts";
import { orderMoneyFromProto } from "../../events/from-proto.ts";

/**
 * STOCK_RESERVED opens the payment, SHIPPED and DELIVERED collect it. Again: nothing more. Too early, before the opening: delivered again
 * later. Too late, after the cancellation: nothing is taken.
 */
export const onOrderUpdated = (deps: {
  readonly openPayment: ReturnType<typeof makeOpenPayment>;
  readonly collectPayment: ReturnType<typeof makeCollectPayment>;
}): Consumer =>
  defineConsumer({
    name: "payment.on-order-updated",
    event: OrderUpdatedSchema,
    handle: async ({ orderId, order, change, paymentMethod }, { signal }) => {
      switch (change) {
        case OrderChange.STOCK_RESERVED:
          return deps.openPayment(orderMoneyFromProto(orderId, order, paymentMethod), signal);
        case OrderChange.SHIPPED:
          return deps.collectPayment(orderId, "SHIPPED", signal);
        case OrderChange.DELIVERED:
          return deps.collectPayment(orderId, "DELIVERED", signal);
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
