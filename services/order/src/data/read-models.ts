import type { Transaction } from "@tandem/postgres";
import { and, eq, sql } from "drizzle-orm";
import type { Order } from "../model/order.ts";
import { myOrderRow, sellerLineRows, sellerReturnRows, sellerRows } from "./read-model-rows.ts";
import { myOrderTable, sellerLineTable, sellerOrderTable, sellerReturnTable } from "./schema.ts";

/**
 * The lists and sums that people look at, kept in the transaction that changes the order. They could follow by order's own events; they would be
 * late then, and every caller who has just written would have to wait. A few narrow rows a transition cost less than that.
 */
export const makeReadModels = (tx: Transaction) => ({
  async open(order: Order): Promise<void> {
    await tx.insert(sellerOrderTable).values(sellerRows(order));
    await tx.insert(sellerLineTable).values(sellerLineRows(order)).onConflictDoNothing();
    await tx.insert(myOrderTable).values(myOrderRow(order));
  },

  async follow(order: Order): Promise<void> {
    const { id, customerId: _, createdAt: __, ...mine } = myOrderRow(order);
    await tx.update(myOrderTable).set(mine).where(eq(myOrderTable.id, id));
    await tx.update(sellerOrderTable).set({ status: order.status }).where(eq(sellerOrderTable.orderId, id));
    if (order.returns.length === 0) return;
    await tx
      .insert(sellerReturnTable)
      .values(sellerReturnRows(order))
      .onConflictDoUpdate({ target: sellerReturnTable.returnId, set: { status: sql`excluded.status` } });
  },

  /** The order has shrunk: rare, so row by row. */
  async shorten(order: Order): Promise<void> {
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
  },
});
