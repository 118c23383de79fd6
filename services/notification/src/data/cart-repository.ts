import type { Transaction } from "@tandem/postgres";
import { and, eq, gte, isNotNull, lt, lte } from "drizzle-orm";
import type { CartRepository } from "../biz/ports.ts";
import type { Cart } from "../model/cart.ts";
import { cartTable } from "./schema.ts";

const fromRow = (row: typeof cartTable.$inferSelect): Cart => ({ ...row, customerId: row.customerId ?? undefined });

export const makeCartRepository = (tx: Transaction): CartRepository => ({
  async lockById(cartId) {
    // Two first events of one cart at once: the second waits for the first one's row.
    await tx.client.query("select pg_advisory_xact_lock(hashtextextended('notification cart ' || $1, 0))", [cartId]);
    const [row] = await tx.select().from(cartTable).where(eq(cartTable.id, cartId)).for("update");
    return row && fromRow(row);
  },

  async save({ id, customerId, ...cart }) {
    const row = { ...cart, customerId: customerId ?? null };
    await tx
      .insert(cartTable)
      .values({ id, ...row })
      .onConflictDoUpdate({ target: cartTable.id, set: row });
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
