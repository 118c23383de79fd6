import { type Database, findPostgresError } from "@tandem/postgres";

export interface HousekeepOptions {
  /** Payloads of days that ended longer ago are dropped, once nothing of the day waits or is parked. */
  readonly retainMs: number;
  /** The database's clock when not given. For tests. */
  readonly now?: Date;
}

export interface Housekeeping {
  readonly made: number;
  readonly dropped: readonly string[];
}

const DAYS_AHEAD = 7;
/** Writers queue behind a waiting DROP, so it does not wait for long; the next round tries again. */
const LOCK_TIMEOUT_MS = 100;

/** Makes the partitions of the days to come, drops those of days that are over and wholly sent, folds the old ledger. */
export const housekeepOutbox = async (database: Database, options: HousekeepOptions): Promise<Housekeeping> => {
  const { retainMs, now } = options;
  const { rows: made } = await database.query<{ made: number }>(
    "select tandem.ensure_outbox_partitions($1, coalesce($2::timestamptz, now())) as made",
    [DAYS_AHEAD, now ?? null],
  );
  const { rows: old } = await database.query<{ name: string }>(
    `select c.relname as name from pg_inherits i join pg_class c on c.oid = i.inhrelid
     where i.inhparent = 'tandem.outbox_event'::regclass and c.relname ~ '^outbox_event_[0-9]{8}$'
       and to_date(right(c.relname, 8), 'YYYYMMDD') + 1
         <= (coalesce($1::timestamptz, now()) - $2 * interval '1 millisecond') at time zone 'UTC'
     order by 1`,
    [now ?? null, retainMs],
  );
  const dropped: string[] = [];
  for (const { name } of old) if (await dropIfSent(database, name)) dropped.push(name);
  await foldLedger(database, options);
  return { made: made[0]?.made ?? 0, dropped };
};

/** False: something of that day still waits, or a transaction still holds the table. */
const dropIfSent = async (database: Database, name: string): Promise<boolean> => {
  try {
    return await database.transact(async ({ client }) => {
      await client.query(`set local lock_timeout = ${LOCK_TIMEOUT_MS}`);
      // Keeps out a transaction of that day that is still open, and nobody else, while the rows are counted.
      await client.query(`lock table only tandem.${name} in share mode`);
      const { rows } = await client.query<{ waits: boolean; events: string }>(
        `select exists (select from tandem.outbox_claim where created_at >= day.start and created_at < day.finish)
             or exists (select from tandem.outbox_parked where created_at >= day.start and created_at < day.finish) as waits,
           (select count(*) from tandem.${name}) as events
         from (select to_timestamp(right($1, 8), 'YYYYMMDD')::timestamp at time zone 'UTC' as start,
           (to_timestamp(right($1, 8), 'YYYYMMDD')::timestamp + interval '1 day') at time zone 'UTC' as finish) day`,
        [name],
      );
      if (rows[0]?.waits) return false;
      // Only from here on, and for a moment, do writers wait.
      await client.query(`drop table tandem.${name}`);
      await client.query("update tandem.outbox_archive set inserted = inserted + $1", [rows[0]?.events]);
      return true;
    });
  } catch (error) {
    if (findPostgresError(error)?.code === "55P03") return false;
    throw error;
  }
};

const foldLedger = async (database: Database, { retainMs, now }: HousekeepOptions): Promise<void> => {
  await database.query(
    `with gone as (
       delete from tandem.outbox_sent where sent_at < coalesce($1::timestamptz, now()) - $2 * interval '1 millisecond'
       returning cardinality(seqs) as events
     )
     update tandem.outbox_archive set sent = sent + (select coalesce(sum(events), 0) from gone)`,
    [now ?? null, retainMs],
  );
};
