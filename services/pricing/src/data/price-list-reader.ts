import { defineKeyset, type Orm } from "@tandem/postgres";
import { count, eq } from "drizzle-orm";
import type { PriceListReader } from "../biz/ports.ts";
import { priceListNotFound } from "../model/errors.ts";
import { priceListTable } from "./schema.ts";

// Ids are UUIDv7: their order is the order of time.
const oldestFirst = defineKeyset({ scope: "price_lists:id_asc", table: priceListTable, sort: [] });

export const makePriceListReader = (orm: Orm): PriceListReader => ({
  async getById(priceListId) {
    const [row] = await orm.select().from(priceListTable).where(eq(priceListTable.id, priceListId));
    if (!row) throw priceListNotFound(priceListId);
    return row;
  },

  async listAll({ limit, cursor, offset }) {
    const page = oldestFirst({ limit, cursor });
    const query = orm
      .select()
      .from(priceListTable)
      .where(page.where)
      .orderBy(...page.orderBy)
      .limit(page.limit);
    if (offset === undefined) return page.finish(await query);
    const [total] = await orm.select({ n: count() }).from(priceListTable);
    return { items: page.finish(await query.offset(offset)).items, total: total?.n ?? 0 };
  },
});
