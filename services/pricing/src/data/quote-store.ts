import type { Orm } from "@tandem/postgres";
import { eq, sql } from "drizzle-orm";
import type { QuoteReader, QuoteStore } from "../biz/ports.ts";
import { quoteNotFound } from "../model/errors.ts";
import type { Quote } from "../model/quote.ts";
import { quoteFromRow, quoteToRow } from "./quote-row.ts";
import { quoteTable } from "./schema.ts";
import type { StatementRunner } from "./statement-runner.ts";

const insertFrom = (source: string) => `
  insert into quote (id, customer_id, currency, country, voucher_code, lines, subtotal_minor, discount_minor, tax_minor, total_minor, expires_at, created_at)
  ${source}`;

// On the way of each checkout: prepared once per connection, and not built again for each quote.
const CREATE = insertFrom("values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)");
const CREATE_ALONE = `with relaxed as materialized (select set_config('synchronous_commit', 'off', true)) ${insertFrom(
  "select $1::uuid, $2::uuid, $3, $4, $5, $6::jsonb, $7::bigint, $8::bigint, $9::bigint, $10::bigint, $11::timestamptz, $12::timestamptz from relaxed",
)}`;

const valuesOf = (quote: Quote): unknown[] => {
  const { lines, ...row } = quoteToRow(quote);
  return [
    ...[row.id, row.customerId, row.currency, row.country, row.voucherCode, JSON.stringify(lines)],
    ...[row.subtotalMinor, row.discountMinor, row.taxMinor, row.totalMinor, row.expiresAt, row.createdAt],
  ];
};

/**
 * Outside of a transaction: a quote that holds no voucher. It is an offer, which its order copies: whoever gets one does not wait for the disk, and a crash
 * of Postgres may forget it.
 */
export const makeQuoteOffers = (client: StatementRunner): Pick<QuoteStore, "create"> => ({
  async create(quote) {
    await client.query({ name: "quote create alone", text: CREATE_ALONE, values: valuesOf(quote) });
  },
});

/** Over the pool or over a transaction, whose connection `client` is: each is one statement. */
export const makeQuoteStore = (orm: Orm, client: StatementRunner): QuoteStore & Pick<QuoteReader, "getById"> => ({
  async create(quote) {
    await client.query({ name: "quote create", text: CREATE, values: valuesOf(quote) });
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
