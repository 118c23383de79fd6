import { decodeCursor, encodeCursor } from "@tandem/kernel";
import type { Database, Transaction } from "@tandem/postgres";
import type { AuditReader, AuditRepository } from "../biz/ports.ts";
import type { AuditEntry } from "../model/audit.ts";

interface Row {
  readonly number: string;
  readonly entry_id: string;
  readonly occurred_at: Date;
  readonly recorded_at: Date;
  readonly actor: string;
  readonly action: string;
  readonly context: string;
  readonly target_kind: string;
  readonly target: string;
  readonly details: string;
  readonly correlation_id: string;
  readonly hash: string;
}

const toEntry = (row: Row): AuditEntry => ({
  number: Number(row.number),
  entryId: row.entry_id,
  occurredAt: row.occurred_at,
  recordedAt: row.recorded_at,
  actor: row.actor,
  action: row.action,
  context: row.context,
  targetKind: row.target_kind,
  target: row.target,
  details: row.details,
  correlationId: row.correlation_id,
  hash: row.hash,
});

const SCOPE = "audit:number_desc";
/** Any number, the same in every process: who holds the lock may add to the chain. */
const CHAIN_LOCK = 11_000_001;

const before = (cursor: string | undefined): string | null =>
  cursor ? decodeCursor(SCOPE, cursor, ["int8"])[0] : null;

export const makeAuditReader = (database: Pick<Database, "query">): AuditReader => ({
  async listByCriteria({ actor, action, context, target, from, until }, { limit, cursor, offset }) {
    const size = limit === 0 ? 50 : Math.min(limit, 200);
    const family = action?.endsWith(".") ? `${action.replace(/[\\%_]/g, "\\$&")}%` : null;
    const matches = `($1::text is null or actor = $1) and ($2::text is null or action = $2) and ($3::text is null or action like $3)
      and ($4::text is null or context = $4) and ($5::text is null or target = $5)
      and ($6::timestamptz is null or occurred_at >= $6) and ($7::timestamptz is null or occurred_at < $7)`;
    const exact = family ? null : (action ?? null);
    const values = [actor ?? null, exact, family, context ?? null, target ?? null, from ?? null, until ?? null];
    const { rows } = await database.query<Row>(
      `select * from audit_entry where ${matches} and ($8::bigint is null or number < $8)
       order by number desc limit $9 offset $10`,
      [...values, before(cursor), size + 1, offset ?? 0],
    );
    const items = rows.slice(0, size).map(toEntry);
    if (offset !== undefined) {
      const total = await database.query<{ n: number }>(
        `select count(*)::int as n from audit_entry where ${matches}`,
        values,
      );
      return { items, total: total.rows[0]?.n ?? 0 };
    }
    const last = items.at(-1);
    return rows.length > size && last ? { items, nextCursor: encodeCursor(SCOPE, [last.number]) } : { items };
  },

  async listAfter(number, limit) {
    const { rows } = await database.query<Row>("select * from audit_entry where number > $1 order by number limit $2", [
      number,
      limit,
    ]);
    return rows.map(toEntry);
  },
});

export const makeAuditRepository = ({ client }: Transaction): AuditRepository => ({
  async lockEnd() {
    await client.query("select pg_advisory_xact_lock($1)", [CHAIN_LOCK]);
    const { rows } = await client.query<Row>("select * from audit_entry order by number desc limit 1");
    return rows[0] && toEntry(rows[0]);
  },

  async findByEntryId(entryId) {
    const { rows } = await client.query<Row>("select * from audit_entry where entry_id = $1", [entryId]);
    return rows[0] && toEntry(rows[0]);
  },

  async create(entry) {
    await client.query(
      `insert into audit_entry (number, entry_id, occurred_at, recorded_at, actor, action, context, target_kind, target, details,
         correlation_id, hash)
       values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)`,
      [
        entry.number,
        entry.entryId,
        entry.occurredAt,
        entry.recordedAt,
        entry.actor,
        entry.action,
        entry.context,
        entry.targetKind,
        entry.target,
        entry.details,
        entry.correlationId,
        entry.hash,
      ],
    );
  },
});
