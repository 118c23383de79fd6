import { defineKeyset, type Orm } from "@tandem/postgres";
import { and, asc, count, eq, inArray, isNotNull, isNull, lt } from "drizzle-orm";
import type { FulfillmentCriteria, FulfillmentReader } from "../biz/ports.ts";
import { fulfillmentNotFound } from "../model/errors.ts";
import { type FulfillmentStatus, fulfillmentStates } from "../model/fulfillment.ts";
import { fulfillmentTable as table } from "./schema.ts";

const newestFirst = defineKeyset({
  scope: "fulfillments:created_desc",
  table,
  sort: [{ column: "createdAt", direction: "desc" }],
});

const OPEN = fulfillmentStates.states.filter((status) => !fulfillmentStates.terminal(status));

const matching = ({ status, sellerId, orderId, warehouseCode, flagged }: FulfillmentCriteria) =>
  and(
    status ? eq(table.status, status) : undefined,
    sellerId ? eq(table.sellerId, sellerId) : undefined,
    orderId ? eq(table.orderId, orderId) : undefined,
    warehouseCode ? eq(table.warehouseCode, warehouseCode) : undefined,
    flagged ? isNotNull(table.flaggedAt) : undefined,
  );

export const makeFulfillmentReader = (orm: Orm): FulfillmentReader => ({
  async getById(fulfillmentId) {
    const [row] = await orm.select().from(table).where(eq(table.id, fulfillmentId));
    if (!row) throw fulfillmentNotFound(fulfillmentId);
    return row;
  },

  async listByCriteria(criteria, { limit, cursor, offset }) {
    const page = newestFirst({ limit, cursor });
    const matches = matching(criteria);
    const query = orm
      .select()
      .from(table)
      .where(and(matches, page.where))
      .orderBy(...page.orderBy)
      .limit(page.limit);
    if (offset === undefined) return page.finish(await query);
    const [total] = await orm.select({ n: count() }).from(table).where(matches);
    return { items: page.finish(await query.offset(offset)).items, total: total?.n ?? 0 };
  },

  listUnflagged: (since, limit) =>
    orm
      .select()
      .from(table)
      .where(and(inArray(table.status, OPEN), lt(table.statusSince, since), isNull(table.flaggedAt)))
      .orderBy(asc(table.statusSince))
      .limit(limit),

  async countStale(since) {
    const rows = await orm
      .select({ status: table.status, n: count() })
      .from(table)
      .where(and(inArray(table.status, OPEN), lt(table.statusSince, since)))
      .groupBy(table.status);
    return Object.fromEntries(rows.map(({ status, n }) => [status, n])) as Partial<Record<FulfillmentStatus, number>>;
  },
});
