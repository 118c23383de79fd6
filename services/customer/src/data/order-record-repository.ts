import type { Database, Orm, Transaction } from "@tandem/postgres";
import { desc, eq, type InferSelectModel } from "drizzle-orm";
import type { OrderRecordNotes, OrderRecordReader, OrderRecordRepository } from "../biz/ports.ts";
import { noOrders, type OrderStatistics } from "../model/order-statistics.ts";
import { LOCK_ONCE, LOCK_OR_OPEN, NOTE_ONCE, type OrderRow, orderOfRow, READ_ORDER, SAVE } from "./order-record-sql.ts";
import { orderRecordTable, orderStatisticsTable } from "./schema.ts";

type StatisticsRow = InferSelectModel<typeof orderStatisticsTable>;

const fromRow = ({ customerId, orders, cancelled, returned, spent, lastOrderAt }: StatisticsRow): OrderStatistics => ({
  ...{ customerId, orders, cancelled, returned },
  spent: Object.fromEntries(Object.entries(spent).map(([currency, minor]) => [currency, BigInt(minor)])),
  lastOrderAt: lastOrderAt ?? undefined,
});

const spentOf = ({ spent }: OrderStatistics): string =>
  JSON.stringify(Object.fromEntries(Object.entries(spent).map(([currency, minor]) => [currency, String(minor)])));

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

export const makeOrderRecordNotes = (database: Pick<Database, "query">): OrderRecordNotes => ({
  async noteOnce(record, once, signal) {
    const { orderId, customerId, version, status, confirmed, currency, totalMinor } = record;
    const facts = [confirmed, currency, totalMinor, record.returnedMinor, record.returned, record.placedAt];
    const values = [once.consumer, once.eventId, orderId, version, status, customerId, ...facts];
    const { rows } = await database.query<{ settled: boolean; fresh: boolean }>(
      { name: "order record note", text: NOTE_ONCE, values },
      undefined,
      signal,
    );
    if (!rows[0]?.settled) return false;
    once.written(rows[0].fresh);
    return true;
  },
});

export const makeOrderRecordRepository = ({ client, atCommit }: Transaction): OrderRecordRepository => {
  const lockStatistics = async (customerId: string) => {
    const { rows } = await client.query<StatisticsRow>({
      name: "statistics lock or open",
      text: LOCK_OR_OPEN,
      values: [customerId],
    });
    return rows[0] ? fromRow(rows[0]) : noOrders(customerId);
  };
  const read = async (orderId: string, customerId: string) => {
    const { rows } = await client.query<OrderRow>({
      name: "order record read",
      text: READ_ORDER,
      values: [orderId, customerId],
    });
    return orderOfRow(rows[0]);
  };
  return {
    lockStatistics,

    async lockForOrder(orderId, customerId, once) {
      // Both go out in one packet. The second has a snapshot of its own, made when the first has its lock: it sees what the holder
      // before has committed.
      const [locked, known] = await Promise.all([
        client.query<StatisticsRow & { fresh: boolean }>({
          name: "statistics lock once",
          text: LOCK_ONCE,
          values: [once.consumer, once.eventId, customerId],
        }),
        read(orderId, customerId),
      ]);
      const [row] = locked.rows;
      once.written(row?.fresh === true);
      if (row?.customerId) return { statistics: fromRow(row), ...known };
      // The first that is ever heard of them; of several at once one opens the row, and the others read what it has left.
      const statistics = await lockStatistics(customerId);
      return { statistics, ...(await read(orderId, customerId)) };
    },

    save(record, statistics) {
      const { orderId, customerId, version, status, confirmed, currency, totalMinor } = record;
      const { orders, cancelled, returned, lastOrderAt = null } = statistics;
      const values = [
        ...[orderId, customerId, version, status, confirmed, currency, totalMinor],
        ...[record.returnedMinor, record.returned, record.placedAt],
        ...[orders, cancelled, returned, spentOf(statistics), lastOrderAt],
      ];
      atCommit(() => client.query({ name: "order record save", text: SAVE, values }));
    },
  };
};
