import { OrderCreatedSchema } from "@tandem/contracts/order";
import { type Consumer, defineConsumer } from "@tandem/messaging";
import type { makeSettleVoucherUse } from "../../biz/settle-voucher-use.ts";

/**
 * An order uses up the voucher that its quote held. Again: counted once, by its quote. Too late, after the cancellation: stays
 * given back. Too late, after the quote's hold ran out: counted all the same, the order has the reduction.
 */
export const onOrderCreated = (deps: {
  readonly settleVoucherUse: ReturnType<typeof makeSettleVoucherUse>;
}): Consumer =>
  defineConsumer({
    name: "pricing.on-order-created",
    event: OrderCreatedSchema,
    handle: async ({ order }, { signal }) => {
      if (!order?.voucherCode) return;
      const { quoteId, voucherCode, customerId } = order;
      await deps.settleVoucherUse({ quoteId, voucherCode, customerId, outcome: "USED" }, signal);
    },
  });
