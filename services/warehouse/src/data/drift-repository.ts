import { defineKeyset, type Orm, type Transaction } from "@tandem/postgres";
import { and, count, eq, notInArray, sql } from "drizzle-orm";
import type { DriftReader, DriftRepository, ReturnRepository } from "../biz/ports.ts";
import { stockDriftTable, stockReturnTable } from "./schema.ts";

// Ids are UUIDv7: their order is the order of time.
const newestFirst = defineKeyset({
  scope: "drifts:id_desc",
  table: stockDriftTable,
  sort: [{ column: "id", direction: "desc" }],
});

export const makeDriftReader = (orm: Orm): DriftReader => ({
  async listByStatus(status, { limit, cursor, offset }) {
    const page = newestFirst({ limit, cursor });
    const matches = status ? eq(stockDriftTable.status, status) : undefined;
    const query = orm
      .select()
      .from(stockDriftTable)
      .where(and(matches, page.where))
      .orderBy(...page.orderBy)
      .limit(page.limit);
    const toModel = (row: typeof stockDriftTable.$inferSelect) => ({ ...row, endedAt: row.endedAt ?? undefined });
    if (offset === undefined) {
      const { items, nextCursor } = page.finish(await query);
      return { items: items.map(toModel), nextCursor };
    }
    const [total] = await orm.select({ n: count() }).from(stockDriftTable).where(matches);
    return { items: page.finish(await query.offset(offset)).items.map(toModel), total: total?.n ?? 0 };
  },
});

export const makeDriftRepository = (tx: Transaction): DriftRepository => {
  const open = eq(stockDriftTable.status, "OPEN");
  return {
    async record(found, newId, at) {
      if (found.length === 0) return;
      await tx
        .insert(stockDriftTable)
        .values(found.map((evidence) => ({ ...evidence, id: newId(), status: "OPEN" as const, foundAt: at, note: "" })))
        .onConflictDoUpdate({
          target: stockDriftTable.productId,
          targetWhere: sql`status = 'OPEN'`,
          set: {
            onHand: sql`excluded.on_hand`,
            reserved: sql`excluded.reserved`,
            onHandByLedger: sql`excluded.on_hand_by_ledger`,
            reservedByLedger: sql`excluded.reserved_by_ledger`,
            reservedByOrders: sql`excluded.reserved_by_orders`,
          },
        });
    },

    async endOthers(productIds, at) {
      const others = productIds.length > 0 ? notInArray(stockDriftTable.productId, [...productIds]) : undefined;
      await tx.update(stockDriftTable).set({ status: "GONE", endedAt: at }).where(and(open, others));
    },

    async end(productId, status, at) {
      const where = and(open, eq(stockDriftTable.productId, productId));
      await tx.update(stockDriftTable).set({ status, endedAt: at, note: "" }).where(where);
    },

    async note(productId, note) {
      await tx
        .update(stockDriftTable)
        .set({ note })
        .where(and(open, eq(stockDriftTable.productId, productId)));
    },
  };
};

export const makeReturnRepository = (tx: Transaction): ReturnRepository => ({
  async createIfAbsent(returned) {
    const created = await tx
      .insert(stockReturnTable)
      .values(returned)
      .onConflictDoNothing()
      .returning({ returnId: stockReturnTable.returnId });
    return created.length > 0;
  },
});
