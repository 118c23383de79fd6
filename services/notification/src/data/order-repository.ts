import type { Transaction } from "@tandem/postgres";
import { eq } from "drizzle-orm";
import type { OrderRepository } from "../biz/ports.ts";
import { unknownOrder as empty, type KnownOrder } from "../model/known-order.ts";
import { orderTable } from "./schema.ts";

type Row = typeof orderTable.$inferSelect;

const fromRow = (row: Row): KnownOrder => ({ ...row, customerId: row.customerId ?? undefined });

export const makeOrderRepository = (tx: Transaction): OrderRepository => ({
  async lockOrOpen(orderId) {
    const lock = () => tx.select().from(orderTable).where(eq(orderTable.orderId, orderId)).for("update");
    const [known] = await lock();
    if (known) return fromRow(known);
    await tx
      .insert(orderTable)
      .values({ ...empty(orderId), customerId: null })
      .onConflictDoNothing();
    const [row] = await lock();
    return row ? fromRow(row) : empty(orderId);
  },

  async getById(orderId) {
    const [row] = await tx.select().from(orderTable).where(eq(orderTable.orderId, orderId));
    return row ? fromRow(row) : empty(orderId);
  },

  async update({ orderId, customerId, lines, version }) {
    await tx.client.query({
      name: "order learn",
      text: "update known_order set customer_id = $2, lines = $3, version = $4 where order_id = $1",
      values: [orderId, customerId ?? null, JSON.stringify(lines), version.toString()],
    });
  },
});
