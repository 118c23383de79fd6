import type { Order } from "@tandem/contracts/order";
import { isId } from "@tandem/kernel";
import type { OrderToSend } from "../biz/follow-order.ts";
import { eventIncomplete } from "../model/errors.ts";

/**
 * An order's lines and address as something to send. Lines that were shortened to nothing are left out.
 * @throws AppError `event.incomplete`
 */
export const orderToSend = (orderId: string, order: Order | undefined, traceparent: string | null): OrderToSend => {
  if (!order) throw eventIncomplete(orderId, "order");
  const lines = order.lines.filter(({ quantity }) => quantity !== 0);
  const sound =
    lines.length > 0 && lines.every((line) => isId(line.productId) && isId(line.sellerId) && line.quantity > 0);
  if (!sound) throw eventIncomplete(orderId, "lines");
  if (!isId(order.customerId)) throw eventIncomplete(orderId, "customer_id");
  const { shippingAddress: to } = order;
  if (!to) throw eventIncomplete(orderId, "shipping_address");
  const { recipient, line1, line2, postalCode, city, region, countryCode, phone } = to;
  return {
    orderId,
    customerId: order.customerId,
    shippingAddress: { recipient, line1, line2, postalCode, city, region, countryCode, phone },
    lines: lines.map(({ productId, sellerId, sku, name, quantity }) => ({ productId, sellerId, sku, name, quantity })),
    traceparent,
  };
};
