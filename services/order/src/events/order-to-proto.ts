import { create } from "@bufbuild/protobuf";
import { timestampFromDate } from "@bufbuild/protobuf/wkt";
import {
  AddressSchema,
  moneyToProto,
  PaymentMethodKind,
  PaymentMethodSchema,
  type PaymentMethod as ProtoPaymentMethod,
} from "@tandem/contracts/common";
import {
  CancellationSchema,
  OrderLineSchema,
  OrderReturnSchema,
  OrderSchema,
  OrderTotalsSchema,
  CancelReason as ProtoCancelReason,
  type Order as ProtoOrder,
  type OrderReturn as ProtoOrderReturn,
  OrderStatus as ProtoOrderStatus,
  ReturnStatus as ProtoReturnStatus,
} from "@tandem/contracts/order";
import { lineTotal, type Order, type OrderLine, type PaymentMethod } from "../model/order.ts";
import type { OrderReturn } from "../model/order-return.ts";

const lineToProto = (line: OrderLine) =>
  create(OrderLineSchema, {
    lineId: line.lineId,
    productId: line.productId,
    sellerId: line.sellerId,
    sku: line.sku,
    name: line.name,
    quantity: line.quantity,
    unitPrice: moneyToProto(line.unitPrice),
    discount: moneyToProto(line.discount),
    tax: moneyToProto(line.tax),
    taxRateBasisPoints: line.taxRateBasisPoints,
    total: moneyToProto(lineTotal(line)),
    shortQuantity: line.shortQuantity ?? 0,
  });

const stamp = (at: Date | undefined) => at && timestampFromDate(at);

export const returnToProto = (one: OrderReturn): ProtoOrderReturn =>
  create(OrderReturnSchema, {
    returnId: one.id,
    sellerId: one.sellerId,
    status: ProtoReturnStatus[one.status],
    lines: one.lines.map((line) => ({ ...line })),
    refund: moneyToProto(one.refund),
    reason: one.reason,
    requestedAt: stamp(one.requestedAt),
    receivedAt: stamp(one.receivedAt),
    refundedAt: stamp(one.refundedAt),
  });

/** Never with the card's token: that travels in one event only. */
export const orderToProto = (order: Order): ProtoOrder =>
  create(OrderSchema, {
    orderId: order.id,
    customerId: order.customerId,
    status: ProtoOrderStatus[order.status],
    version: order.version,
    currencyCode: order.currency,
    lines: order.lines.map(lineToProto),
    totals: create(OrderTotalsSchema, {
      subtotal: moneyToProto(order.totals.subtotal),
      discount: moneyToProto(order.totals.discount),
      tax: moneyToProto(order.totals.tax),
      total: moneyToProto(order.totals.total),
    }),
    shippingAddress: create(AddressSchema, order.shippingAddress),
    paymentMethodKind: PaymentMethodKind[order.paymentMethod.kind],
    notes: order.notes,
    voucherCode: order.voucherCode,
    cartId: order.cartId,
    quoteId: order.quoteId,
    paymentId: order.paymentId,
    paid: order.paidAt !== undefined,
    cancellation: order.cancelReason
      ? create(CancellationSchema, {
          reason: ProtoCancelReason[order.cancelReason],
          text: order.cancelNote ?? "",
          cancelledAt: stamp(order.cancelledAt),
        })
      : undefined,
    expiresAt: timestampFromDate(order.reservationExpiresAt),
    createdAt: timestampFromDate(order.createdAt),
    updatedAt: timestampFromDate(order.updatedAt),
    confirmedAt: stamp(order.confirmedAt),
    paidAt: stamp(order.paidAt),
    shippedAt: stamp(order.shippedAt),
    deliveredAt: stamp(order.deliveredAt),
    completedAt: stamp(order.completedAt),
    returns: order.returns.map(returnToProto),
    cancelRequestedAt: stamp(order.cancelRequestedAt),
  });

export const paymentMethodToProto = (method: PaymentMethod): ProtoPaymentMethod =>
  create(PaymentMethodSchema, {
    method: method.kind === "CARD" ? { case: "card", value: { token: method.token } } : { case: "cod", value: {} },
  });
