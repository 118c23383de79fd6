import { moneyFromProto, type PaymentMethod, PaymentMethodKind } from "@tandem/contracts/common";
import type { Order } from "@tandem/contracts/order";
import { AppError } from "@tandem/kernel";
import type { OrderMoney } from "../biz/follow-order.ts";

/** What an order event says about money. The card's token comes in one event only. @throws AppError `event.incomplete` */
export const orderMoneyFromProto = (
  orderId: string,
  order: Order | undefined,
  method?: PaymentMethod | undefined,
): OrderMoney => {
  if (!order?.totals?.total) {
    throw new AppError("invalid_argument", "event.incomplete", `The event about order ${orderId} lacks its total.`);
  }
  return {
    orderId,
    customerId: order.customerId,
    amount: moneyFromProto(order.totals.total),
    method: order.paymentMethodKind === PaymentMethodKind.COD ? "COD" : "CARD",
    cardToken: method?.method.case === "card" ? method.method.value.token : "",
  };
};
