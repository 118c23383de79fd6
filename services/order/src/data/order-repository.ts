import type { Transaction } from "@tandem/postgres";
import { eq } from "drizzle-orm";
import type { OrderRepository } from "../biz/ports.ts";
import { orderNotFound } from "../model/errors.ts";
import { contentOf, fromRow, toRow } from "./order-row.ts";
import { makeReadModels } from "./read-models.ts";
import { ordersTable } from "./schema.ts";

export const makeOrderRepository = (tx: Transaction): OrderRepository => {
  const select = () => tx.select().from(ordersTable);
  const readModels = makeReadModels(tx);
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
      await readModels.open(order);
      return true;
    },

    async getByCheckoutKey(checkoutKey) {
      const [row] = await select().where(eq(ordersTable.checkoutKey, checkoutKey));
      return row && fromRow(row);
    },

    async update(order) {
      const { status, notes, paymentId, cancelReason, cancelNote, cancelRequestedAt, updatedAt, version } = order;
      const { reservedAt, confirmedAt, paidAt, shippedAt, deliveredAt, completedAt, cancelledAt } = order;
      const { returns } = contentOf(order);
      const [before] = await tx
        .update(ordersTable)
        .set({
          status,
          notes,
          paymentId,
          cancelReason: cancelReason ?? null,
          cancelNote: cancelNote ?? null,
          cancelRequestedAt: cancelRequestedAt ?? null,
          paymentMethod: order.paymentMethod,
          shippingAddress: order.shippingAddress,
          reservedAt: reservedAt ?? null,
          confirmedAt: confirmedAt ?? null,
          paidAt: paidAt ?? null,
          shippedAt: shippedAt ?? null,
          deliveredAt: deliveredAt ?? null,
          completedAt: completedAt ?? null,
          cancelledAt: cancelledAt ?? null,
          returns,
          updatedAt,
          version,
        })
        .where(eq(ordersTable.id, order.id))
        .returning({ id: ordersTable.id });
      if (!before) throw orderNotFound(order.id);
      await readModels.follow(order);
    },

    async updateLines(order) {
      const { returns: _, ...content } = contentOf(order);
      await tx.update(ordersTable).set(content).where(eq(ordersTable.id, order.id));
      await readModels.shorten(order);
    },
  };
};
