import type { Transaction } from "@tandem/postgres";
import { eq } from "drizzle-orm";
import type { OrderRepository } from "../biz/ports.ts";
import { orderNotFound } from "../model/errors.ts";
import { fromRow, sellerRows, toRow } from "./order-row.ts";
import { ordersTable, sellerOrderTable } from "./schema.ts";

export const makeOrderRepository = (tx: Transaction): OrderRepository => {
  const select = () => tx.select().from(ordersTable);
  return {
    async getById(orderId) {
      const [row] = await select().where(eq(ordersTable.id, orderId));
      if (!row) throw orderNotFound(orderId);
      return fromRow(row);
    },

    async lockById(orderId) {
      const [row] = await select().where(eq(ordersTable.id, orderId)).for("update");
      if (!row) throw orderNotFound(orderId);
      return fromRow(row);
    },

    async createIfAbsent(order, checkoutKey) {
      const created = await tx
        .insert(ordersTable)
        .values(toRow(order, checkoutKey))
        .onConflictDoNothing({ target: ordersTable.checkoutKey })
        .returning({ id: ordersTable.id });
      if (created.length === 0) return false;
      await tx.insert(sellerOrderTable).values(sellerRows(order));
      return true;
    },

    async getByCheckoutKey(checkoutKey) {
      const [row] = await select().where(eq(ordersTable.checkoutKey, checkoutKey));
      return row && fromRow(row);
    },

    async update(order) {
      const { status, notes, paymentId, cancelReason, cancelNote, updatedAt, version } = order;
      const { reservedAt, confirmedAt, paidAt, shippedAt, deliveredAt, completedAt, cancelledAt } = order;
      const [before] = await tx
        .update(ordersTable)
        .set({
          status,
          notes,
          paymentId,
          cancelReason: cancelReason ?? null,
          cancelNote: cancelNote ?? null,
          paymentMethod: order.paymentMethod,
          shippingAddress: order.shippingAddress,
          reservedAt: reservedAt ?? null,
          confirmedAt: confirmedAt ?? null,
          paidAt: paidAt ?? null,
          shippedAt: shippedAt ?? null,
          deliveredAt: deliveredAt ?? null,
          completedAt: completedAt ?? null,
          cancelledAt: cancelledAt ?? null,
          updatedAt,
          version,
        })
        .where(eq(ordersTable.id, order.id))
        .returning({ id: ordersTable.id });
      if (!before) throw orderNotFound(order.id);
      await tx.update(sellerOrderTable).set({ status }).where(eq(sellerOrderTable.orderId, order.id));
    },
  };
};
