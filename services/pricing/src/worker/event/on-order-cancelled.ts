import { OrderCancelledSchema } from "@tandem/contracts/order";
import { type Consumer, defineConsumer } from "@tandem/messaging";
import type { makeSettleVoucherUse } from "../../biz/settle-voucher-use.ts";

/** A cancelled order gives its voucher back. Too early, before the creation: noted, so that the creation uses nothing up. Again: nothing happens. */
export const onOrderCancelled = (deps: {
  readonly settleVoucherUse: ReturnType<typeof makeSettleVoucherUse>;
}): Consumer =>
  defineConsumer({
    name: "pricing.on-order-cancelled",
    event: OrderCancelledSchema,
    handle: async ({ order }, { signal }) => {
      if (!order?.voucherCode) return;
      const { quoteId, voucherCode, customerId } = order;
      await deps.settleVoucherUse({ quoteId, voucherCode, customerId, outcome: "RELEASED" }, signal);
    },
  });
