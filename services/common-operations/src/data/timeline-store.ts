import type { Database } from "@tandem/postgres";
import type { TimelineStore } from "../biz/ports.ts";

// Event and references in one statement: one round trip, one commit, and no inbox row, as the event's id is unique here.
const APPEND = `
  with event as (
    insert into timeline_event (event_id, topic, type, source, subject, aggregate_version, occurred_at, received_at, trace_id,
      correlation_id, foreign_version, payload, reference_kinds, reference_ids)
    values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14)
    on conflict (event_id) do nothing
    returning seq, occurred_at, aggregate_version, reference_kinds, reference_ids),
  named as (
    insert into timeline_reference (kind, id, occurred_at, aggregate_version, seq)
    select reference.kind, reference.id, event.occurred_at, event.aggregate_version, event.seq
    from event, unnest(event.reference_kinds, event.reference_ids) as reference (kind, id))
  select seq from event`;

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

export const makeTimelineStore = (database: Pick<Database, "query">): TimelineStore => ({
  async append(event) {
    const { rowCount } = await database.query({
      name: "timeline append",
      text: APPEND,
      values: [
        event.eventId,
        event.topic,
        event.type,
        event.source,
        event.subject,
        event.aggregateVersion.toString(),
        event.occurredAt,
        event.receivedAt,
        event.traceId,
        event.correlationId,
        event.foreignVersion,
        JSON.stringify(event.payload ?? {}),
        event.references.map(({ kind }) => kind),
        event.references.map(({ id }) => id),
      ],
    });
    return rowCount === 1;
  },

  async deleteReceivedBefore(at, limit) {
    const { rows } = await database.query<{ n: number }>(PRUNE, [at, limit]);
    return rows[0]?.n ?? 0;
  },
});
