import type { Database } from "@tandem/postgres";

/** Cheap at any time: reads the queue, not the payloads. */
export interface OutboxBacklog {
  readonly pending: number;
  readonly leased: number;
  /** Parked: waits for a person. */
  readonly dead: number;
  /** 0 when nothing waits. */
  readonly oldestPendingAgeMs: number;
  /** Of any open transaction in this database, 0 when there is none. */
  readonly oldestTransactionAgeMs: number;
}

/** `pending + leased + sent + dead = inserted`, always. Counts the payload rows: seconds on a table of tens of millions. */
export interface OutboxStats extends OutboxBacklog {
  readonly sent: number;
  readonly inserted: number;
}

type Row = Record<keyof OutboxStats, string | null>;

const AGES = `
  (select extract(epoch from clock_timestamp() - created_at) * 1000 from tandem.outbox_claim order by seq limit 1)
    as "oldestPendingAgeMs",
  (select extract(epoch from clock_timestamp() - min(xact_start)) * 1000 from pg_stat_activity
    where datname = current_database() and pid <> pg_backend_pid() and xact_start is not null)
    as "oldestTransactionAgeMs"`;

const BACKLOG = `
  select (select count(*) from tandem.outbox_claim) - leased.events as pending, leased.events as leased,
    (select count(*) from tandem.outbox_parked) as dead, ${AGES}
  from (select count(*) as events from tandem.outbox_lease l, unnest(l.seqs) s(seq) join tandem.outbox_claim c using (seq)) leased`;

const STATS = `select b.*, ${AGES} from tandem.outbox_balance b`;

export const outboxBacklog = async (database: Database, signal?: AbortSignal): Promise<OutboxBacklog> => {
  const { rows } = await database.query<Row>({ name: "outbox backlog", text: BACKLOG }, undefined, signal);
  return backlogOf(rows[0] as Row);
};

export const outboxStats = async (database: Database, signal?: AbortSignal): Promise<OutboxStats> => {
  const { rows } = await database.query<Row>({ name: "outbox stats", text: STATS }, undefined, signal);
  const row = rows[0] as Row;
  return { ...backlogOf(row), sent: Number(row.sent), inserted: Number(row.inserted) };
};

const backlogOf = (row: Row): OutboxBacklog => ({
  pending: Number(row.pending),
  leased: Number(row.leased),
  dead: Number(row.dead),
  oldestPendingAgeMs: Math.max(0, Number(row.oldestPendingAgeMs ?? 0)),
  oldestTransactionAgeMs: Math.max(0, Number(row.oldestTransactionAgeMs ?? 0)),
});
