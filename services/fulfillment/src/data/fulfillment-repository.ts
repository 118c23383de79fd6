import type { Transaction } from "@tandem/postgres";
import { and, asc, eq, getTableColumns, inArray, lte } from "drizzle-orm";
import type { FulfillmentRepository } from "../biz/ports.ts";
import { fulfillmentNotFound } from "../model/errors.ts";
import { fulfilledOrderTable, fulfillmentTable as table } from "./schema.ts";

/** @param onOpened called after the commit of a transaction that opened work or moved it on to its next step */
export const makeFulfillmentRepository = (tx: Transaction, onOpened: () => void): FulfillmentRepository => ({
  async lockById(fulfillmentId) {
    const [row] = await tx.select().from(table).where(eq(table.id, fulfillmentId)).for("update");
    if (!row) throw fulfillmentNotFound(fulfillmentId);
    return row;
  },

  lockByOrderId: (orderId) =>
    tx.select().from(table).where(eq(table.orderId, orderId)).orderBy(asc(table.id)).for("update"),

  // With the order's row, and without waiting for either: whoever holds one of them is working on it.
  lockDue: (since, limit) =>
    tx
      .select(getTableColumns(table))
      .from(table)
      .innerJoin(fulfilledOrderTable, eq(fulfilledOrderTable.orderId, table.orderId))
      .where(and(inArray(table.status, ["PENDING", "PICKING"]), lte(table.statusSince, since)))
      .orderBy(asc(table.statusSince))
      .limit(limit)
      .for("update", { skipLocked: true }),

  async create(fulfillments) {
    if (fulfillments.length === 0) return;
    await tx.insert(table).values([...fulfillments]);
    tx.afterCommit(onOpened);
  },

  async update({ id, ...fulfillment }) {
    await tx.update(table).set(fulfillment).where(eq(table.id, id));
    if (fulfillment.status === "PICKING") tx.afterCommit(onOpened);
  },
});
