import type { Transaction } from "@tandem/postgres";
import { and, eq } from "drizzle-orm";
import type { Order } from "../model/order.ts";
import { sellerLineRows, sellerRows } from "./read-model-rows.ts";
import { sellerLineTable, sellerOrderTable } from "./schema.ts";

/**
 * The lists and sums that people look at are kept in the transaction that changes the order. They could follow by order's own events; they would be
 * late then, and every caller who has just written would have to wait. `order create` and `order change` write them; here the order has shrunk,
 * which is rare, so row by row.
 */
export const shortenReadModels = async (tx: Transaction, order: Order): Promise<void> => {
  for (const { sellerId, revenueMinor, items } of sellerRows(order)) {
    await tx
      .update(sellerOrderTable)
      .set({ revenueMinor, items })
      .where(and(eq(sellerOrderTable.orderId, order.id), eq(sellerOrderTable.sellerId, sellerId)));
  }
  for (const { productId, quantity, revenueMinor } of sellerLineRows(order)) {
    await tx
      .update(sellerLineTable)
      .set({ quantity, revenueMinor })
      .where(and(eq(sellerLineTable.orderId, order.id), eq(sellerLineTable.productId, productId)));
  }
};
