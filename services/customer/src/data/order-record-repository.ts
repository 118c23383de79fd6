import type { Orm, Transaction } from "@tandem/postgres";
import { desc, eq, type InferSelectModel } from "drizzle-orm";
import type { OrderRecordReader, OrderRecordRepository } from "../biz/ports.ts";
import { noOrders, type OrderStatistics } from "../model/order-statistics.ts";
import { orderRecordTable, orderStatisticsTable } from "./schema.ts";

type StatisticsRow = InferSelectModel<typeof orderStatisticsTable>;

const fromRow = (row: StatisticsRow): OrderStatistics => ({
  ...row,
  spent: Object.fromEntries(Object.entries(row.spent).map(([currency, minor]) => [currency, BigInt(minor)])),
  lastOrderAt: row.lastOrderAt ?? undefined,
});

const toRow = (statistics: OrderStatistics): StatisticsRow => ({
  ...statistics,
  spent: Object.fromEntries(Object.entries(statistics.spent).map(([currency, minor]) => [currency, String(minor)])),
  lastOrderAt: statistics.lastOrderAt ?? null,
});

export const makeOrderRecordReader = (orm: Orm): OrderRecordReader => ({
  async getStatistics(customerId) {
    const [row] = await orm.select().from(orderStatisticsTable).where(eq(orderStatisticsTable.customerId, customerId));
    return row ? fromRow(row) : noOrders(customerId);
  },

  listByCustomerId: (customerId) =>
    orm
      .select()
      .from(orderRecordTable)
      .where(eq(orderRecordTable.customerId, customerId))
      .orderBy(desc(orderRecordTable.placedAt), desc(orderRecordTable.orderId)),
});

export const makeOrderRecordRepository = (tx: Transaction): OrderRecordRepository => ({
  async lockStatistics(customerId) {
    await tx
      .insert(orderStatisticsTable)
      .values(toRow(noOrders(customerId)))
      .onConflictDoNothing();
    const [row] = await tx
      .select()
      .from(orderStatisticsTable)
      .where(eq(orderStatisticsTable.customerId, customerId))
      .for("update");
    return row ? fromRow(row) : noOrders(customerId);
  },

  async getByOrderId(orderId) {
    const [row] = await tx.select().from(orderRecordTable).where(eq(orderRecordTable.orderId, orderId));
    return row;
  },

  async save(record, statistics) {
    const { orderId: _, customerId: __, ...fields } = record;
    await tx
      .insert(orderRecordTable)
      .values(record)
      .onConflictDoUpdate({ target: orderRecordTable.orderId, set: fields });
    const { customerId, ...figures } = toRow(statistics);
    await tx.update(orderStatisticsTable).set(figures).where(eq(orderStatisticsTable.customerId, customerId));
  },
});
