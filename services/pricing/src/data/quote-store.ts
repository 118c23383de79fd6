import type { Orm } from "@tandem/postgres";
import { eq, sql } from "drizzle-orm";
import type { QuoteReader, QuoteStore } from "../biz/ports.ts";
import { quoteNotFound } from "../model/errors.ts";
import { quoteFromRow, quoteToRow } from "./quote-row.ts";
import { quoteTable } from "./schema.ts";
import type { StatementRunner } from "./statement-runner.ts";

// On the way of each checkout: prepared once per connection, and not built again for each quote.
const CREATE = `
  insert into quote (id, customer_id, currency, country, voucher_code, lines, subtotal_minor, discount_minor, tax_minor, total_minor, expires_at, created_at)
  values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)`;

/** Over the pool or over a transaction, whose connection `client` is: each is one statement. */
export const makeQuoteStore = (orm: Orm, client: StatementRunner): QuoteStore & Pick<QuoteReader, "getById"> => ({
  async create(quote) {
    const { lines, ...row } = quoteToRow(quote);
    const values = [
      ...[row.id, row.customerId, row.currency, row.country, row.voucherCode, JSON.stringify(lines)],
      ...[row.subtotalMinor, row.discountMinor, row.taxMinor, row.totalMinor, row.expiresAt, row.createdAt],
    ];
    await client.query({ name: "quote create", text: CREATE, values });
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
