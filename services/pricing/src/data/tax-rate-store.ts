import { defineKeyset, type Orm } from "@tandem/postgres";
import { and, count, eq, sql } from "drizzle-orm";
import type { TaxRateReader, TaxRateStore } from "../biz/ports.ts";
import { taxRateTable } from "./schema.ts";

const byCountry = defineKeyset({
  scope: "tax_rates:country_asc",
  table: taxRateTable,
  sort: [{ column: "country", direction: "asc" }],
  id: "category",
});

export const makeTaxRateStore = (orm: Orm): TaxRateReader & TaxRateStore => ({
  async upsert(rate) {
    const [row] = await orm
      .insert(taxRateTable)
      .values({ ...rate, version: 1n })
      .onConflictDoUpdate({
        target: [taxRateTable.country, taxRateTable.category],
        set: {
          basisPoints: rate.basisPoints,
          version: sql`${taxRateTable.version} + (${taxRateTable.basisPoints} <> excluded.basis_points)::int`,
        },
      })
      .returning();
    if (!row) throw new TypeError("an upsert returned no row");
    return row;
  },

  async listByCountry(country, { limit, cursor, offset }) {
    const page = byCountry({ limit, cursor });
    const matches = country ? eq(taxRateTable.country, country) : undefined;
    const query = orm
      .select()
      .from(taxRateTable)
      .where(and(matches, page.where))
      .orderBy(...page.orderBy)
      .limit(page.limit);
    if (offset === undefined) return page.finish(await query);
    const [total] = await orm.select({ n: count() }).from(taxRateTable).where(matches);
    return { items: page.finish(await query.offset(offset)).items, total: total?.n ?? 0 };
  },
});
