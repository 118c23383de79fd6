import { type Timestamp, timestampDate } from "@bufbuild/protobuf/wkt";
import type { Money } from "@tandem/contracts/common";
import { CartChange, CartStatus, type CartUpdated, type Order } from "@tandem/contracts/order";
import { AppError, isId } from "@tandem/kernel";
import type { OrderNews } from "../biz/follow-order.ts";
import type { Cart } from "../model/cart.ts";
import { orderNumber } from "../model/known-order.ts";
import type { Value, Values } from "../model/template.ts";

/** An event without what its contract promises: nothing will make it right, so it becomes a dead letter at once. */
export const eventIncomplete = (subject: string, field: string) =>
  new AppError("invalid_argument", "event.incomplete", `The event about ${subject} lacks ${field}.`, {
    details: [{ field, rule: "required", message: "missing" }],
  });

/** @throws AppError `event.incomplete` */
export const idFrom = (subject: string, field: string, value: string): string => {
  if (!isId(value)) throw eventIncomplete(subject, field);
  return value.toLowerCase();
};

/** @throws AppError `event.incomplete` */
export const moneyValue = (subject: string, amount: Money | undefined): Value => {
  if (!amount || !/^[A-Z]{3}$/.test(amount.currencyCode)) throw eventIncomplete(subject, "an amount");
  return { currency: amount.currencyCode, minor: amount.amountMinor.toString() };
};

/** @throws AppError `event.incomplete` */
export const timeValue = (subject: string, at: Timestamp | undefined): string => {
  if (!at) throw eventIncomplete(subject, "a time");
  return timestampDate(at).toISOString();
};

export const orderValues = (orderId: string): Values => ({ orderId, orderNumber: orderNumber(orderId) });

/** @throws AppError `event.incomplete` */
export const orderFromProto = (
  orderId: string,
  order: Order | undefined,
): { readonly order: Order; readonly news: OrderNews } => {
  if (!order) throw eventIncomplete(`order ${orderId}`, "the order");
  const news = {
    orderId: idFrom(`order ${orderId}`, "order_id", orderId),
    customerId: idFrom(`order ${orderId}`, "customer_id", order.customerId),
    lines: order.lines.map(({ productId, name }) => ({ productId, name })),
    version: order.version,
    cartId: isId(order.cartId) ? order.cartId : undefined,
  };
  return { order, news };
};

/** @throws AppError `event.incomplete` */
export const cartFromProto = (
  { cartId, aggregateVersion, cart, change, occurredAt }: CartUpdated,
  eventId: string,
): Cart => {
  if (!cart) throw eventIncomplete(`cart ${cartId}`, "the cart");
  const closed =
    cart.status === CartStatus.CHECKED_OUT || change === CartChange.CHECKED_OUT || change === CartChange.DELETED;
  return {
    id: idFrom(`cart ${cartId}`, "cart_id", cartId),
    customerId: isId(cart.customerId) ? cart.customerId : undefined,
    state: closed ? "CLOSED" : "OPEN",
    items: cart.items.map(({ sku, quantity }) => ({ sku, quantity })),
    version: aggregateVersion,
    eventId,
    changedAt: new Date(timeValue(`cart ${cartId}`, occurredAt)),
    remindedVersion: 0n,
  };
};
