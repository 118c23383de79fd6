import { defineKeyset, type Orm } from "@tandem/postgres";
import { and, count, eq } from "drizzle-orm";
import type { SellerReader } from "../biz/ports.ts";
import { sellerNotFound } from "../model/errors.ts";
import { sellerTable } from "./schema.ts";

const byName = defineKeyset({
  scope: "sellers:name_asc",
  table: sellerTable,
  sort: [{ column: "name", direction: "asc" }],
});

export const makeSellerReader = (orm: Orm): SellerReader => ({
  async getById(sellerId) {
    const [row] = await orm.select().from(sellerTable).where(eq(sellerTable.id, sellerId));
    if (!row) throw sellerNotFound(sellerId);
    return row;
  },

  async listByStatus(status, { limit, cursor, offset }) {
    const page = byName({ limit, cursor });
    const matches = status ? eq(sellerTable.status, status) : undefined;
    const query = orm
      .select()
      .from(sellerTable)
      .where(and(matches, page.where))
      .orderBy(...page.orderBy)
      .limit(page.limit);
    if (offset === undefined) return page.finish(await query);
    const [total] = await orm.select({ n: count() }).from(sellerTable).where(matches);
    return { items: page.finish(await query.offset(offset)).items, total: total?.n ?? 0 };
  },
});
