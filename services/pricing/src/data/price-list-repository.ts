import type { Transaction } from "@tandem/postgres";
import { and, eq, inArray } from "drizzle-orm";
import type { PriceListRepository } from "../biz/ports.ts";
import { priceListTable } from "./schema.ts";

export const makePriceListRepository = (tx: Transaction): PriceListRepository => ({
  listByIds: (ids) =>
    tx
      .select()
      .from(priceListTable)
      .where(inArray(priceListTable.id, [...ids])),

  listDefaults: (currencies) =>
    tx
      .select()
      .from(priceListTable)
      .where(and(eq(priceListTable.isDefault, true), inArray(priceListTable.currency, [...currencies]))),

  async createIfAbsent(list) {
    const created = await tx
      .insert(priceListTable)
      .values(list)
      .onConflictDoNothing()
      .returning({ id: priceListTable.id });
    return created.length > 0;
  },
});
