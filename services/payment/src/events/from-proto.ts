import { moneyFromProto, type PaymentMethod, PaymentMethodKind } from "@tandem/contracts/common";
import type { Order } from "@tandem/contracts/order";
import { AppError, isId } from "@tandem/kernel";
import type { OrderMoney, OrderTotal, ReturnedGoods } from "../biz/follow-order.ts";

const incomplete = (orderId: string, what: string) =>
  new AppError("invalid_argument", "event.incomplete", `The event about order ${orderId} lacks its ${what}.`);

/** @throws AppError `event.incomplete` */
export const orderTotalFromProto = (orderId: string, version: bigint, order: Order | undefined): OrderTotal => {
  if (!order?.totals?.total) throw incomplete(orderId, "total");
  const total = moneyFromProto(order.totals.total);
  if (total.minor < 0n) throw incomplete(orderId, "total");
  return { orderId, total, version };
};

/** @throws AppError `event.incomplete` */
export const returnedGoodsFromProto = (orderId: string, returnId: string, order: Order | undefined): ReturnedGoods => {
  const returned = order?.returns.find((one) => one.returnId === returnId);
  if (!returned?.refund || !isId(returnId)) throw incomplete(orderId, "return");
  const refund = moneyFromProto(returned.refund);
  if (refund.minor < 0n) throw incomplete(orderId, "refund");
  return { orderId, returnId, refund };
};

/** What an order event says about money. The card's token comes in one event only. @throws AppError `event.incomplete` */
export const orderMoneyFromProto = (
  orderId: string,
  order: Order | undefined,
  method?: PaymentMethod | undefined,
): OrderMoney => {
  if (!order?.totals?.total) {
    throw incomplete(orderId, "total");
  }
  return {
    orderId,
    customerId: order.customerId,
    amount: moneyFromProto(order.totals.total),
    method: order.paymentMethodKind === PaymentMethodKind.COD ? "COD" : "CARD",
    cardToken: method?.method.case === "card" ? method.method.value.token : "",
  };
};
