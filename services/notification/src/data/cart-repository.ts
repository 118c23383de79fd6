import type { Transaction } from "@tandem/postgres";
import { and, eq, gte, isNotNull, lt, lte } from "drizzle-orm";
import type { CartRepository } from "../biz/ports.ts";
import type { Cart } from "../model/cart.ts";
import { cartTable } from "./schema.ts";

const fromRow = (row: typeof cartTable.$inferSelect): Cart => ({ ...row, customerId: row.customerId ?? undefined });

export const makeCartRepository = (tx: Transaction): CartRepository => ({
  async lockById(cartId) {
    const [row] = await tx.select().from(cartTable).where(eq(cartTable.id, cartId)).for("update");
    return row && fromRow(row);
  },

  async createIfAbsent({ customerId, ...cart }) {
    const { rowCount } = await tx
      .insert(cartTable)
      .values({ ...cart, customerId: customerId ?? null })
      .onConflictDoNothing();
    return rowCount === 1;
  },

  async update({ id, customerId, ...cart }) {
    await tx
      .update(cartTable)
      .set({ ...cart, customerId: customerId ?? null })
      .where(eq(cartTable.id, id));
  },

  async lockIdle({ from, to }, limit) {
    const rows = await tx
      .select()
      .from(cartTable)
      .where(
        and(
          eq(cartTable.state, "OPEN"),
          isNotNull(cartTable.customerId),
          lt(cartTable.remindedVersion, cartTable.version),
          gte(cartTable.changedAt, from),
          lte(cartTable.changedAt, to),
        ),
      )
      .orderBy(cartTable.changedAt)
      .limit(limit)
      .for("update", { skipLocked: true });
    return rows.map(fromRow);
  },
});
