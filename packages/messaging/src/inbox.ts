import { type Database, runWithPrelude, type SqlClient, type Transaction } from "@tandem/postgres";

/** Thrown by the prelude to roll back a handler whose effects are committed already. */
class Duplicate extends Error {}

const INSERT = "insert into tandem.inbox (consumer, event_id) values ($1, $2) on conflict do nothing";

const insertRow = async (client: SqlClient, consumer: string, eventId: string) => {
  const { rowCount } = await client.query({ name: "inbox insert", text: INSERT, values: [consumer, eventId] });
  return rowCount === 1;
};

/** The inbox row of the event in hand, to be inserted (`on conflict do nothing`) by the first statement of the effect itself. */
export interface InboxRow {
  readonly consumer: string;
  readonly eventId: string;
  /** To be told whether that made a row, before anything else is done. Throws where it did not: the event is a duplicate, everything is rolled back. */
  written(fresh: boolean): void;
}

/** What a handler may ask of its inbox. */
export interface InboxOffer {
  /** The handler writes the row itself, in one statement with what it reads or changes first; to be called before a transaction is opened. */
  carry(): InboxRow;
  /** Such an event is none of the handler's business whenever it comes, so no row need remember it. Without effect when a transaction is opened. */
  ignore(): void;
}

/**
 * Runs `work` such that its effects happen once per (consumer, event): the inbox row is the first statement of the one
 * transaction that `work` opens, or part of its first statement where it carries the row itself. A second delivery at the same time waits
 * for the first one's commit there. Work that commits none gets its row afterwards.
 */
export const handleOnce = async (
  database: Database,
  consumer: string,
  eventId: string,
  work: (inbox: InboxOffer) => Promise<unknown>,
): Promise<"handled" | "duplicate"> => {
  let carried = false;
  let ignored = false;
  let opened = false;
  let committed = false;
  let written = false;
  const inbox: InboxOffer = {
    ignore: () => {
      ignored = true;
    },
    carry: () => {
      carried = true;
      return {
        consumer,
        eventId,
        written: (fresh) => {
          if (!fresh) throw new Duplicate();
          written = true;
        },
      };
    },
  };
  const prelude = async (tx: Transaction): Promise<void> => {
    opened = true;
    written = false;
    tx.afterCommit(() => {
      committed = true;
    });
    if (!carried && !(await insertRow(tx.client, consumer, eventId))) throw new Duplicate();
  };
  try {
    await runWithPrelude(prelude, () => work(inbox));
  } catch (error) {
    if (error instanceof Duplicate) return "duplicate";
    throw error;
  }
  // A carried row that stands in no transaction was committed with its one statement.
  const there = carried ? written && (committed || !opened) : committed;
  if (there || (ignored && !opened && !carried)) return "handled";
  return (await insertRow(database.pool, consumer, eventId)) ? "handled" : "duplicate";
};

/** Consumers that have handled the event, of those named. */
export const findHandled = async (
  database: Database,
  consumers: readonly string[],
  eventId: string,
): Promise<ReadonlySet<string>> => {
  const { rows } = await database.query<{ consumer: string }>(
    "select consumer from tandem.inbox where event_id = $1 and consumer = any ($2)",
    [eventId, consumers],
  );
  return new Set(rows.map(({ consumer }) => consumer));
};

export interface PruneOptions {
  /** Rows older than this go. A broker must not redeliver anything older. */
  readonly retainMs: number;
  /** Rows of one statement. Default 5 000. */
  readonly batchSize?: number;
  readonly signal?: AbortSignal;
}

/** Deletes old inbox rows and counts of failed tries, in short statements. @returns how many rows */
export const pruneInbox = async (
  database: Database,
  { retainMs, batchSize = 5_000, signal }: PruneOptions,
): Promise<number> => {
  let total = 0;
  for (const [table, column] of [
    ["inbox", "handled_at"],
    ["consumer_attempt", "last_failed_at"],
  ]) {
    for (;;) {
      const { rowCount } = await database.query(
        `delete from tandem.${table} where ctid = any (array(
           select ctid from tandem.${table} where ${column} < now() - $1 * interval '1 millisecond' limit $2))`,
        [retainMs, batchSize],
        signal,
      );
      total += rowCount ?? 0;
      if ((rowCount ?? 0) < batchSize) break;
    }
  }
  return total;
};
