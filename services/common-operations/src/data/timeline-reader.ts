import { decodeCursor, encodeCursor } from "@tandem/kernel";
import type { Database } from "@tandem/postgres";
import type { TimelineReader } from "../biz/ports.ts";
import { eventNotFound } from "../model/errors.ts";
import type { JsonObject, TimelineEvent } from "../model/timeline-event.ts";

interface Row {
  readonly seq: string;
  readonly event_id: string;
  readonly topic: string;
  readonly type: string;
  readonly source: string;
  readonly subject: string;
  readonly aggregate_version: string;
  readonly occurred_at: Date;
  readonly received_at: Date;
  readonly trace_id: string;
  readonly correlation_id: string;
  readonly foreign_version: boolean;
  readonly payload?: JsonObject;
  readonly reference_kinds: readonly string[];
  readonly reference_ids: readonly string[];
}

const SCOPE = "timeline:occurred_asc";
const COLUMNS = `e.seq, e.event_id, e.topic, e.type, e.source, e.subject, e.aggregate_version, e.occurred_at, e.received_at,
  e.trace_id, e.correlation_id, e.foreign_version, e.reference_kinds, e.reference_ids`;

export const makeTimelineReader = (database: Pick<Database, "query">): TimelineReader => ({
  async listByReference({ kind, id, topic, withPayload }, { limit, cursor, offset }) {
    const size = limit === 0 ? 50 : Math.min(limit, 200);
    const values: unknown[] = [kind, id];
    const bind = (value: unknown) => `$${values.push(value)}`;
    const ofTopic = topic ? ` and e.topic = ${bind(topic)}` : "";
    const matches = `from timeline_reference r join timeline_event e on e.seq = r.seq
      where r.kind = $1 and r.id = $2${ofTopic}`;
    const total = offset === undefined ? undefined : await count(database, matches, values);
    const after = cursor ? decodeCursor(SCOPE, cursor, ["instant", "int8", "int8"]) : undefined;
    const from = after
      ? ` and (r.occurred_at, r.aggregate_version, r.seq) > (${bind(after[0])}::timestamptz, ${bind(after[1])}::bigint, ${bind(after[2])}::bigint)`
      : "";
    const { rows } = await database.query<Row>(
      `select ${COLUMNS}${withPayload ? ", e.payload" : ""} ${matches}${from}
       order by r.occurred_at, r.aggregate_version, r.seq limit ${bind(size + 1)} offset ${bind(offset ?? 0)}`,
      values,
    );
    const items = rows.slice(0, size).map(toEvent);
    if (total !== undefined) return { items, total };
    const last = rows.length > size ? rows[size - 1] : undefined;
    return last
      ? { items, nextCursor: encodeCursor(SCOPE, [last.occurred_at.toISOString(), last.aggregate_version, last.seq]) }
      : { items };
  },

  async getByEventId(eventId) {
    const { rows } = await database.query<Row>(
      `select ${COLUMNS}, e.payload from timeline_event e where event_id = $1`,
      [eventId],
    );
    if (!rows[0]) throw eventNotFound(eventId);
    return toEvent(rows[0]);
  },
});

const count = async (database: Pick<Database, "query">, matches: string, values: readonly unknown[]) => {
  const { rows } = await database.query<{ n: number }>(`select count(*)::int as n ${matches}`, [...values]);
  return rows[0]?.n ?? 0;
};

const toEvent = (row: Row): TimelineEvent => ({
  eventId: row.event_id,
  topic: row.topic,
  type: row.type,
  source: row.source,
  subject: row.subject,
  aggregateVersion: BigInt(row.aggregate_version),
  occurredAt: row.occurred_at,
  receivedAt: row.received_at,
  traceId: row.trace_id,
  correlationId: row.correlation_id,
  foreignVersion: row.foreign_version,
  payload: row.payload,
  references: row.reference_kinds.map((kind, at) => ({ kind, id: row.reference_ids[at] ?? "" })),
});
