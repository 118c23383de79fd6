import { AppError, type Money, money } from "@tandem/kernel";
import { defineKeyset, type Orm, type Transaction } from "@tandem/postgres";
import { and, count, eq, type InferSelectModel, inArray } from "drizzle-orm";
import type { SettlementFileReader, SettlementFileRepository } from "../biz/ports.ts";
import type { OwnMovement, SettlementFile } from "../model/settlement-file.ts";
import { type StoredDifference, settlementFileTable } from "./schema.ts";

const amountOf = (stored: { currency: string; minor: string } | undefined): Money | undefined =>
  stored && money(stored.currency, BigInt(stored.minor));
const stored = (amount: Money | undefined) => amount && { currency: amount.currency, minor: amount.minor.toString() };

const fileFromRow = (row: InferSelectModel<typeof settlementFileTable>): SettlementFile => ({
  ...row,
  differences: row.differences.map(({ ours, theirs, ...rest }) => ({
    ...rest,
    ours: amountOf(ours),
    theirs: amountOf(theirs),
  })),
});

const newestFirst = defineKeyset({
  scope: "settlement_files:day_desc",
  table: settlementFileTable,
  sort: [{ column: "day", direction: "desc" }],
});

export const makeSettlementFileReader = (orm: Orm): SettlementFileReader => ({
  async getById(fileId) {
    const [row] = await orm.select().from(settlementFileTable).where(eq(settlementFileTable.id, fileId));
    if (!row)
      throw new AppError("not_found", "payment.settlement_file_not_found", `There is no settlement file ${fileId}.`);
    return fileFromRow(row);
  },

  async listSettledDays(provider, days) {
    const settled = and(eq(settlementFileTable.provider, provider), eq(settlementFileTable.status, "AGREES"));
    const rows = await orm
      .select({ day: settlementFileTable.day })
      .from(settlementFileTable)
      .where(and(settled, inArray(settlementFileTable.day, [...days])));
    return new Set(rows.map(({ day }) => day));
  },

  async listByStatus(status, { limit, cursor, offset }) {
    const page = newestFirst({ limit, cursor });
    const matches = status ? eq(settlementFileTable.status, status) : undefined;
    const query = orm
      .select()
      .from(settlementFileTable)
      .where(and(matches, page.where))
      .orderBy(...page.orderBy)
      .limit(page.limit);
    if (offset === undefined) {
      const { items, nextCursor } = page.finish(await query);
      return { items: items.map(fileFromRow), nextCursor };
    }
    const [total] = await orm.select({ n: count() }).from(settlementFileTable).where(matches);
    return { items: page.finish(await query.offset(offset)).items.map(fileFromRow), total: total?.n ?? 0 };
  },
});

interface MovementRow extends Record<string, unknown> {
  readonly operationId: string;
  readonly paymentId: string;
  readonly kind: OwnMovement["kind"];
  readonly currency: string;
  readonly minor: string;
}

const movement = ({ operationId, paymentId, kind, currency, minor }: MovementRow): OwnMovement => ({
  operationId,
  paymentId,
  kind,
  amount: money(currency, BigInt(minor)),
});

/** Of cards only: cash never saw the bank. */
const MOVEMENTS = `
  select o.id as "operationId", o.payment_id as "paymentId", o.kind, o.currency, o.amount_minor::text as minor
  from operation o join payment p on p.id = o.payment_id
  where o.status = 'SUCCEEDED' and o.kind in ('CAPTURE', 'REFUND') and p.method = 'CARD'`;

export const makeSettlementFileRepository = (tx: Transaction): SettlementFileRepository => ({
  async lockDay(provider, day) {
    await tx.client.query("select pg_advisory_xact_lock(hashtextextended($1, 0))", [`settlement:${provider}:${day}`]);
  },

  async findByDay(provider, day) {
    const of = and(eq(settlementFileTable.provider, provider), eq(settlementFileTable.day, day));
    const [row] = await tx.select().from(settlementFileTable).where(of);
    return row && fileFromRow(row);
  },

  async listNamedElsewhere(operationIds, exceptFileId) {
    const { rows } = await tx.client.query<{ id: string }>(
      `select operation_id as id from settlement_file_line
       where operation_id = any($1) and file_id is distinct from $2`,
      [[...operationIds], exceptFileId ?? null],
    );
    return new Set(rows.map(({ id }) => id));
  },

  async listMovements(operationIds) {
    const { rows } = await tx.client.query<MovementRow>(`${MOVEMENTS} and o.id = any($1)`, [[...operationIds]]);
    return rows.map(movement);
  },

  async listUnnamed({ from, to }, operationIds, exceptFileId) {
    const { rows } = await tx.client.query<MovementRow>(
      `${MOVEMENTS} and o.finished_at >= $1 and o.finished_at < $2 and o.id <> all($3)
         and not exists (select 1 from settlement_file_line l
           where l.operation_id = o.id and l.file_id is distinct from $4)
       order by o.id limit 1000`,
      [from, to, [...operationIds], exceptFileId ?? null],
    );
    return rows.map(movement);
  },

  async listCapturedPayments(operationIds) {
    const { rows } = await tx.client.query<{ id: string }>(
      `select p.id from payment p join operation o on o.payment_id = p.id
       where o.id = any($1) and o.kind = 'CAPTURE' and p.settlement_id is null order by p.id for update of p`,
      [[...operationIds]],
    );
    return rows.map(({ id }) => id);
  },

  async replace(file, lines) {
    const differences = file.differences.map(
      ({ ours, theirs, ...rest }): StoredDifference => ({ ...rest, ours: stored(ours), theirs: stored(theirs) }),
    );
    const row = { ...file, differences, settlementIds: [...file.settlementIds] };
    await tx.delete(settlementFileTable).where(eq(settlementFileTable.id, file.id));
    await tx.insert(settlementFileTable).values(row);
    await tx.client.query(
      `insert into settlement_file_line (file_id, operation_id, kind, currency, amount_minor, fee_minor)
       select $1, * from unnest($2::uuid[], $3::text[], $4::text[], $5::bigint[], $6::bigint[])`,
      [
        file.id,
        lines.map(({ operationId }) => operationId),
        lines.map(({ kind }) => kind),
        lines.map(({ amount }) => amount.currency),
        lines.map(({ amount }) => amount.minor.toString()),
        lines.map(({ fee }) => fee.minor.toString()),
      ],
    );
  },
});
