import { newId } from "@tandem/kernel";
import type { Database } from "@tandem/postgres";
import type { DeadLetterReason } from "./dead-letter.ts";
import type { Failure } from "./describe-failure.ts";
import type { IncomingEvent } from "./events.ts";

export interface Burial {
  readonly consumer: string;
  readonly event: IncomingEvent;
  /** Where the event was published to, whatever topic brought it here. */
  readonly topic: string;
  readonly reason: DeadLetterReason;
  readonly failure: Failure;
  /** Known to the caller; the stored count wins if it is higher. */
  readonly attempts: number;
}

/** Counts a failed try and keeps its error. @returns tries so far */
export const countAttempt = async (
  database: Database,
  consumer: string,
  eventId: string,
  { kind, code, message, stack, fingerprint }: Failure,
): Promise<number> => {
  const { rows } = await database.query<{ attempts: number }>({
    name: "consumer attempt",
    text: COUNT,
    values: [consumer, eventId, kind, code, message, stack ?? null, fingerprint].map(storable),
  });
  return rows[0]?.attempts ?? 1;
};

export const forgetAttempts = async (database: Database, consumer: string, eventId: string): Promise<void> => {
  await database.query({
    name: "consumer attempt forget",
    text: "delete from tandem.consumer_attempt where consumer = $1 and event_id = $2",
    values: [consumer, eventId],
  });
};

/**
 * Stores a dead letter, one per (consumer, event): a later failure of the same event updates it and opens it again. What a
 * person has discarded stays discarded. The broker's own notice says less than a failure that we saw: it never overwrites
 * one, and takes the last error that was counted.
 */
export const buryEvent = async (database: Database, burial: Burial): Promise<void> => {
  const { consumer, event, topic, reason, failure, attempts } = burial;
  await database.query({
    name: "dead letter bury",
    text: BURY,
    values: [
      newId(),
      consumer,
      event.id,
      reason,
      topic,
      event.type,
      event.source,
      event.subject ?? null,
      event.time ?? null,
      event.data,
      event.traceparent ?? null,
      event.correlationId ?? null,
      failure.kind,
      failure.code,
      failure.message,
      failure.stack ?? null,
      failure.fingerprint,
      attempts,
    ].map(storable),
  });
};

/** Postgres takes no NUL in text, and a payload that nobody can read may well have one. */
const storable = <T>(value: T): T | string => (typeof value === "string" ? value.replaceAll("\0", "\u2400") : value);

const COUNT = `
  insert into tandem.consumer_attempt as a
    (consumer, event_id, attempts, error_kind, error_code, error_message, error_stack, fingerprint)
  values ($1, $2, 1, $3, $4, $5, $6, $7)
  on conflict (consumer, event_id) do update set attempts = a.attempts + 1, last_failed_at = now(),
    error_kind = excluded.error_kind, error_code = excluded.error_code, error_message = excluded.error_message,
    error_stack = excluded.error_stack, fingerprint = excluded.fingerprint
  returning attempts`;

const BURY = `
  with gone as (
    delete from tandem.consumer_attempt where consumer = $2 and event_id = $3 returning *
  ), tried as (
    select g.* from (select 1) one left join gone g on true
  )
  insert into tandem.dead_letter as d (id, consumer, event_id, status, reason, topic, type, source, subject, event_time, data,
    traceparent, correlation_id, error_kind, error_code, error_message, error_stack, fingerprint, attempts, first_failed_at)
  select $1, $2, $3, 'open', $4, $5, $6, $7, $8, $9, $10, $11, $12,
    case $4 when 'broker' then coalesce(t.error_kind, $13) else $13 end,
    case $4 when 'broker' then coalesce(t.error_code, $14) else $14 end,
    case $4 when 'broker' then coalesce(t.error_message, $15) else $15 end,
    case $4 when 'broker' then coalesce(t.error_stack, $16) else $16 end,
    case $4 when 'broker' then coalesce(t.fingerprint, $17) else $17 end,
    greatest($18::integer, t.attempts), coalesce(t.first_failed_at, now())
  from tried t
  on conflict (consumer, event_id) do update set
    status = case when d.status = 'discarded' then d.status else 'open' end,
    reason = excluded.reason, error_kind = excluded.error_kind, error_code = excluded.error_code,
    error_message = excluded.error_message, error_stack = excluded.error_stack, fingerprint = excluded.fingerprint,
    attempts = d.attempts + excluded.attempts, last_failed_at = now(), lease_until = null,
    replays = d.replays + case when d.status = 'replaying' then 1 else 0 end
  where excluded.reason <> 'broker'`;
