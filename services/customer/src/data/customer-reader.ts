import { defineKeyset, type Orm } from "@tandem/postgres";
import { and, asc, count, eq, gt, isNull, lt, ne, type SQL, sql } from "drizzle-orm";
import type { CustomerCriteria, CustomerReader } from "../biz/ports.ts";
import { customerNotFound } from "../model/errors.ts";
import type { Segment } from "../model/segment.ts";
import { customerFromRow } from "./customer-repository.ts";
import { customerTable, orderStatisticsTable } from "./schema.ts";

// Ids are UUIDv7: their order is the order of time.
const newestFirst = defineKeyset({
  scope: "customers:id_desc",
  table: customerTable,
  sort: [{ column: "id", direction: "desc" }],
});

/** A pattern's own characters are taken as they are. */
const startingWith = (prefix: string): string => `${prefix.toLowerCase().replaceAll(/[\\%_]/g, "\\$&")}%`;

const matching = ({ segment, emailPrefix }: CustomerCriteria): SQL | undefined =>
  and(
    segment ? eq(customerTable.segment, segment) : undefined,
    // Who was forgotten belongs to no segment that anybody looks for.
    segment || emailPrefix ? isNull(customerTable.erasedAt) : undefined,
    emailPrefix ? sql`lower(${customerTable.email}) like ${startingWith(emailPrefix)}` : undefined,
  );

export const makeCustomerReader = (orm: Orm): CustomerReader => ({
  async getById(customerId) {
    const [row] = await orm.select().from(customerTable).where(eq(customerTable.id, customerId));
    if (!row) throw customerNotFound(customerId);
    return customerFromRow(row);
  },

  async listByCriteria(criteria, { limit, cursor, offset }) {
    const page = newestFirst({ limit, cursor });
    const matches = matching(criteria);
    const query = orm
      .select()
      .from(customerTable)
      .where(and(matches, page.where))
      .orderBy(...page.orderBy)
      .limit(page.limit);
    if (offset === undefined) {
      const { items, nextCursor } = page.finish(await query);
      return { items: items.map(customerFromRow), nextCursor };
    }
    const [total] = await orm.select({ n: count() }).from(customerTable).where(matches);
    return { items: page.finish(await query.offset(offset)).items.map(customerFromRow), total: total?.n ?? 0 };
  },

  async listFallingAsleep(orderedBefore, afterId, limit) {
    const rows = await orm
      .select({ id: customerTable.id })
      .from(customerTable)
      .innerJoin(orderStatisticsTable, eq(orderStatisticsTable.customerId, customerTable.id))
      .where(
        and(
          lt(orderStatisticsTable.lastOrderAt, orderedBefore),
          ne(customerTable.segment, "dormant"),
          isNull(customerTable.erasedAt),
          gt(customerTable.id, afterId),
        ),
      )
      .orderBy(asc(customerTable.id))
      .limit(limit);
    return rows.map(({ id }) => id);
  },

  async countBySegment() {
    const rows = await orm
      .select({
        segment: sql<Segment | "erased">`case when erased_at is null then segment else 'erased' end`,
        n: count(),
      })
      .from(customerTable)
      .groupBy(sql`1`);
    return Object.fromEntries(rows.map(({ segment, n }) => [segment, n]));
  },
});
