import type { Database, Transaction } from "@tandem/postgres";
import { currentContext, currentTraceparent } from "@tandem/runtime";
import type { OutgoingEvent } from "./events.ts";
import { wakeRelay } from "./wake.ts";

export interface OutboxOptions {
  readonly database: Database;
  /** CloudEvent source: the context's app id. */
  readonly source: string;
}

export interface OutboxWriter {
  /** Queues events in this transaction: published if and only if it commits, in this order within a subject. */
  add(...events: OutgoingEvent[]): Promise<void>;
}

export interface Outbox {
  in(tx: Transaction): OutboxWriter;
}

/** One statement writes payload and claim; the relay is woken after the commit, never by a NOTIFY inside of it. */
export const createOutbox = ({ database, source }: OutboxOptions): Outbox => {
  const wake = () => wakeRelay(database);
  return {
    in: (tx) => ({
      add: async (...events) => {
        if (events.length === 0) return;
        const traceparent = currentTraceparent() ?? null;
        const correlationId = currentContext()?.correlationId ?? null;
        const [first] = events;
        await tx.client.query(
          first && events.length === 1
            ? {
                name: "outbox add one",
                text: ADD_ONE,
                values: [...valuesOf(first), source, traceparent, correlationId],
              }
            : {
                name: "outbox add many",
                text: ADD_MANY,
                values: [...columnsOf(events), source, traceparent, correlationId],
              },
        );
        tx.afterCommit(wake);
      },
    }),
  };
};

const valuesOf = ({ id, topic, type, subject, aggregateVersion, data }: OutgoingEvent): unknown[] => [
  id,
  topic,
  type,
  subject,
  aggregateVersion.toString(),
  data,
];

const columnsOf = (events: readonly OutgoingEvent[]): unknown[][] => {
  const rows = events.map(valuesOf);
  return Array.from({ length: 6 }, (_, at) => rows.map((row) => row[at]));
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
    select e.*, $7, $8, $9
    from unnest($1::uuid[], $2::text[], $3::text[], $4::text[], $5::bigint[], $6::text[]) e
    returning seq, created_at, subject
  )${CLAIM}`;
