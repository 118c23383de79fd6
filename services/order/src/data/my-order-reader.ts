import { money } from "@tandem/kernel";
import { defineKeyset, type Orm } from "@tandem/postgres";
import { and, count, eq } from "drizzle-orm";
import type { MyOrderReader, OrderSummary } from "../biz/ports.ts";
import { myOrderTable as table } from "./schema.ts";

const newestFirst = defineKeyset({
  scope: "my_orders:created_desc",
  table,
  sort: [{ column: "createdAt", direction: "desc" }],
});

const toSummary = ({ id, customerId: _, currency, totalMinor, ...row }: typeof table.$inferSelect): OrderSummary => ({
  ...row,
  orderId: id,
  total: money(currency, totalMinor),
});

export const makeMyOrderReader = (orm: Orm): MyOrderReader => ({
  async listByCustomer(customerId, status, { limit, cursor, offset }) {
    const page = newestFirst({ limit, cursor });
    const matches = and(eq(table.customerId, customerId), status ? eq(table.status, status) : undefined);
    const query = orm
      .select()
      .from(table)
      .where(and(matches, page.where))
      .orderBy(...page.orderBy)
      .limit(page.limit);
    if (offset === undefined) {
      const { items, nextCursor } = page.finish(await query);
      return { items: items.map(toSummary), nextCursor };
    }
    const [total] = await orm.select({ n: count() }).from(table).where(matches);
    return { items: page.finish(await query.offset(offset)).items.map(toSummary), total: total?.n ?? 0 };
  },
});
