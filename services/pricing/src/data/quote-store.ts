import type { Orm } from "@tandem/postgres";
import { eq, sql } from "drizzle-orm";
import type { QuoteReader, QuoteStore } from "../biz/ports.ts";
import { quoteNotFound } from "../model/errors.ts";
import { quoteFromRow, quoteToRow } from "./quote-row.ts";
import { quoteTable } from "./schema.ts";

/** Over the pool or over a transaction: each is one statement. */
export const makeQuoteStore = (orm: Orm): QuoteStore & Pick<QuoteReader, "getById"> => ({
  async create(quote) {
    await orm.insert(quoteTable).values(quoteToRow(quote));
  },

  async getById(quoteId) {
    const [row] = await orm.select().from(quoteTable).where(eq(quoteTable.id, quoteId));
    if (!row) throw quoteNotFound(quoteId);
    return quoteFromRow(row);
  },

  async deleteExpired(before, limit) {
    const { rows } = await orm.execute<{ n: number }>(sql`
      with old as (
        delete from quote where id in (
          select id from quote where expires_at < ${before} order by expires_at limit ${limit} for update skip locked)
        returning id
      ), freed as (
        delete from voucher_use using old where voucher_use.quote_id = old.id and voucher_use.status <> 'USED'
      )
      select count(*)::int as n from old`);
    return rows[0]?.n ?? 0;
  },
});
