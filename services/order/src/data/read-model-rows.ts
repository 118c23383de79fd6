import type { InferInsertModel } from "drizzle-orm";
import { lineTotal, type Order } from "../model/order.ts";
import type { myOrderTable, sellerLineTable, sellerOrderTable, sellerReturnTable } from "./schema.ts";

/** What each seller has of the order. */
export const sellerRows = (order: Order): InferInsertModel<typeof sellerOrderTable>[] => {
  const bySeller = new Map<string, { revenueMinor: bigint; items: number }>();
  for (const line of order.lines) {
    const sum = bySeller.get(line.sellerId) ?? { revenueMinor: 0n, items: 0 };
    bySeller.set(line.sellerId, {
      revenueMinor: sum.revenueMinor + lineTotal(line).minor,
      items: sum.items + line.quantity,
    });
  }
  return [...bySeller].map(([sellerId, sums]) => ({
    sellerId,
    orderId: order.id,
    status: order.status,
    currency: order.currency,
    ...sums,
  }));
};

export const sellerLineRows = (order: Order): InferInsertModel<typeof sellerLineTable>[] =>
  order.lines.map((line) => ({
    orderId: order.id,
    sellerId: line.sellerId,
    productId: line.productId,
    sku: line.sku,
    name: line.name,
    quantity: line.quantity,
    currency: order.currency,
    revenueMinor: lineTotal(line).minor,
  }));

export const sellerReturnRows = (order: Order): InferInsertModel<typeof sellerReturnTable>[] =>
  order.returns.map(({ id, sellerId, status, refund }) => ({
    returnId: id,
    orderId: order.id,
    sellerId,
    status,
    currency: refund.currency,
    refundMinor: refund.minor,
  }));

/** The order as its customer sees it in a list. */
export const myOrderRow = (order: Order): InferInsertModel<typeof myOrderTable> => ({
  id: order.id,
  customerId: order.customerId,
  status: order.status,
  currency: order.currency,
  totalMinor: order.totals.total.minor,
  items: order.lines.reduce((sum, { quantity }) => sum + quantity, 0),
  title: order.lines[0]?.name ?? "",
  paid: order.paidAt !== undefined,
  cancelRequested: order.cancelRequestedAt !== undefined,
  openReturns: order.returns.filter(({ status }) => status !== "REFUNDED").length,
  version: order.version,
  createdAt: order.createdAt,
  updatedAt: order.updatedAt,
});
