import type { Database } from "@tandem/postgres";
import { createBatcher } from "@tandem/runtime";
import type { TimelineStore } from "../biz/ports.ts";
import type { TimelineEvent } from "../model/timeline-event.ts";

// Events and their references in one statement: one round trip, one commit, and no inbox row, as an event's id is unique here.
const COLUMNS = `event_id, topic, type, source, subject, aggregate_version, occurred_at, received_at, trace_id, correlation_id, foreign_version,
      payload, reference_kinds, reference_ids`;
const APPEND = `
  with event as (
    insert into timeline_event (${COLUMNS})
    select ${COLUMNS} from json_to_recordset($1) as given (event_id text, topic text, type text, source text, subject text,
      aggregate_version bigint, occurred_at timestamptz, received_at timestamptz, trace_id text, correlation_id text,
      foreign_version boolean, payload jsonb, reference_kinds text[], reference_ids text[])
    on conflict (event_id) do nothing
    returning seq, event_id, occurred_at, aggregate_version, reference_kinds, reference_ids),
  named as (
    insert into timeline_reference (kind, id, occurred_at, aggregate_version, seq)
    select reference.kind, reference.id, event.occurred_at, event.aggregate_version, event.seq
    from event, unnest(event.reference_kinds, event.reference_ids) as reference (kind, id))
  select event_id from event`;

const PRUNE = `
  with gone as (
    delete from timeline_event where seq in (
      select seq from timeline_event where received_at < $1 order by received_at limit $2)
    returning seq, occurred_at, aggregate_version, reference_kinds, reference_ids),
  named as (
    delete from timeline_reference as r
    using gone, unnest(gone.reference_kinds, gone.reference_ids) as reference (kind, id)
    where r.kind = reference.kind and r.id = reference.id and r.occurred_at = gone.occurred_at
      and r.aggregate_version = gone.aggregate_version and r.seq = gone.seq)
  select count(*)::int as n from gone`;

export const makeTimelineStore = (database: Pick<Database, "query">): TimelineStore => {
  /** @returns of each whether it is new */
  const appendAll = async (events: readonly TimelineEvent[]): Promise<boolean[]> => {
    const { rows } = await database.query<{ event_id: string }>({
      name: "timeline append",
      text: APPEND,
      values: [JSON.stringify(events.map(toRow))],
    });
    const fresh = new Set(rows.map(({ event_id }) => event_id));
    // The same one twice in a batch is new once.
    return events.map(({ eventId }) => fresh.delete(eventId));
  };

  const append = createBatcher<TimelineEvent, PromiseSettledResult<boolean>>({
    maxItems: MAX_BATCH,
    run: async (events) => {
      try {
        return (await appendAll(events)).map((value) => ({ status: "fulfilled", value }));
      } catch (reason) {
        if (events.length === 1) return [{ status: "rejected", reason }];
        // One that Postgres refuses is its own affair.
        return await Promise.allSettled(events.map(async (event) => (await appendAll([event]))[0] === true));
      }
    },
  });

  return {
    async append(event) {
      const outcome = await append(event);
      if (outcome.status === "rejected") throw outcome.reason;
      return outcome.value;
    },

    async deleteReceivedBefore(at, limit) {
      const { rows } = await database.query<{ n: number }>(PRUNE, [at, limit]);
      return rows[0]?.n ?? 0;
    },
  };
};

const MAX_BATCH = 200;

const toRow = (event: TimelineEvent) => ({
  event_id: event.eventId,
  topic: event.topic,
  type: event.type,
  source: event.source,
  subject: event.subject,
  aggregate_version: event.aggregateVersion.toString(),
  occurred_at: event.occurredAt,
  received_at: event.receivedAt,
  trace_id: event.traceId,
  correlation_id: event.correlationId,
  foreign_version: event.foreignVersion,
  payload: event.payload ?? {},
  reference_kinds: event.references.map(({ kind }) => kind),
  reference_ids: event.references.map(({ id }) => id),
});
