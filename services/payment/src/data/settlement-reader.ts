import { AppError } from "@tandem/kernel";
import { defineKeyset, type Orm } from "@tandem/postgres";
import { and, count, eq } from "drizzle-orm";
import type { SettlementReader } from "../biz/ports.ts";
import { settlementFromRow } from "./payment-row.ts";
import { settlementTable } from "./schema.ts";

const newestFirst = defineKeyset({
  scope: "settlements:id_desc",
  table: settlementTable,
  sort: [{ column: "id", direction: "desc" }],
});

export const makeSettlementReader = (orm: Orm): SettlementReader => ({
  async getById(settlementId) {
    const [row] = await orm.select().from(settlementTable).where(eq(settlementTable.id, settlementId));
    if (!row)
      throw new AppError("not_found", "payment.settlement_not_found", `There is no settlement ${settlementId}.`);
    return settlementFromRow(row);
  },

  async listByCurrency(currency, { limit, cursor, offset }) {
    const page = newestFirst({ limit, cursor });
    const matches = currency ? eq(settlementTable.currency, currency) : undefined;
    const query = orm
      .select()
      .from(settlementTable)
      .where(and(matches, page.where))
      .orderBy(...page.orderBy)
      .limit(page.limit);
    if (offset === undefined) {
      const { items, nextCursor } = page.finish(await query);
      return { items: items.map(settlementFromRow), nextCursor };
    }
    const [total] = await orm.select({ n: count() }).from(settlementTable).where(matches);
    return { items: page.finish(await query.offset(offset)).items.map(settlementFromRow), total: total?.n ?? 0 };
  },
});
