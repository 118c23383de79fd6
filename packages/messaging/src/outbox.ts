import type { Database, Transaction } from "@tandem/postgres";
import { currentContext, currentTraceparent } from "@tandem/runtime";
import type { QueryConfig } from "pg";
import type { OutgoingEvent } from "./events.ts";
import { wakeRelay } from "./wake.ts";

export interface OutboxOptions {
  readonly database: Database;
  /** CloudEvent source: the context's app id. */
  readonly source: string;
}

export interface OutboxWriter {
  /**
   * Queues events: published if and only if `tx` commits, in this order within a subject. They are written at the commit, all
   * events of the transaction by one statement that travels with COMMIT: it costs no round trip, and sequence numbers are
   * drawn as late as can be.
   */
  add(...events: OutgoingEvent[]): Promise<void>;
}

export interface Outbox {
  in(tx: Transaction): OutboxWriter;
  /**
   * For a statement that writes its events itself, by {@link carriedEvents}, so that it needs no transaction around it: the events' rows, in the
   * present trace, to be put into its JSON. Who has committed them calls {@link Outbox.wake}.
   */
  rowsOf(...events: readonly OutgoingEvent[]): readonly CarriedEvent[];
  wake(): void;
}

/** An event's row as JSON; its columns are {@link CARRIED_COLUMNS}. */
export type CarriedEvent = Readonly<Record<string, string | null>>;

/** For `jsonb_to_recordset(...) as e(<these>)`. */
export const CARRIED_COLUMNS =
  "id uuid, topic text, type text, subject text, aggregate_version bigint, data text, source text, traceparent text, correlation_id text";

/** Two CTEs, `event` and `event_claim`, that write what `rows` (SQL: a select of {@link CARRIED_COLUMNS}, ordered) finds. */
export const carriedEvents = (rows: string): string => `
  event as (
    insert into tandem.outbox_event (${NAMES.join(", ")})
    select ${NAMES.join(", ")} from (${rows}) e
    returning seq, created_at, subject
  ), event_claim as (${CLAIM})`;

type Row = readonly (string | null)[];

const NAMES = CARRIED_COLUMNS.split(", ").map((column) => column.split(" ", 1)[0] ?? "");

/** One statement writes payload and claim; the relay is woken after the commit, never by a NOTIFY inside of it. */
export const createOutbox = ({ database, source }: OutboxOptions): Outbox => {
  const waiting = new WeakMap<Transaction, Row[]>();
  const wake = () => wakeRelay(database);

  const rowsOf = (tx: Transaction): Row[] => {
    const known = waiting.get(tx);
    if (known) return known;
    const rows: Row[] = [];
    waiting.set(tx, rows);
    tx.atCommit(() => tx.client.query(insertOf(rows)));
    tx.afterCommit(wake);
    return rows;
  };

  const toRows = (events: readonly OutgoingEvent[]): Row[] => {
    const traceparent = currentTraceparent() ?? null;
    const correlationId = currentContext()?.correlationId ?? null;
    return events.map(({ id, topic, type, subject, aggregateVersion, data }) => [
      id,
      topic,
      type,
      subject,
      aggregateVersion.toString(),
      data,
      source,
      traceparent,
      correlationId,
    ]);
  };

  return {
    in: (tx) => ({
      add: async (...events) => {
        if (events.length > 0) rowsOf(tx).push(...toRows(events));
      },
    }),
    rowsOf: (...events) =>
      toRows(events).map((row) => Object.fromEntries(NAMES.map((name, at) => [name, row[at] ?? null]))),
    wake,
  };
};

const insertOf = (rows: readonly Row[]): QueryConfig => {
  const [first] = rows;
  return first && rows.length === 1
    ? { name: "outbox add one", text: ADD_ONE, values: [...first] }
    : { name: "outbox add many", text: ADD_MANY, values: (first ?? []).map((_, at) => rows.map((row) => row[at])) };
};

const CLAIM = `
  insert into tandem.outbox_claim (seq, created_at, key)
  select seq, created_at, hashtext(subject) from event`;

const ADD_ONE = `
  with event as (
    insert into tandem.outbox_event (id, topic, type, subject, aggregate_version, data, source, traceparent, correlation_id)
    values ($1, $2, $3, $4, $5, $6, $7, $8, $9)
    returning seq, created_at, subject
  )${CLAIM}`;

const ADD_MANY = `
  with event as (
    insert into tandem.outbox_event (id, topic, type, subject, aggregate_version, data, source, traceparent, correlation_id)
    select * from unnest($1::uuid[], $2::text[], $3::text[], $4::text[], $5::bigint[], $6::text[], $7::text[], $8::text[], $9::text[])
    returning seq, created_at, subject
  )${CLAIM}`;
