import type { IncomingEvent } from "./events.ts";

export type DeadLetterStatus = "open" | "replay_requested" | "replaying" | "replayed" | "discarded";
/** permanent: the handler said so. exhausted: tried too often. undecodable: not what the topic carries. broker: the sidecar gave up. */
export type DeadLetterReason = "permanent" | "exhausted" | "undecodable" | "broker";

/** A message that a consumer could not handle, with all that is needed to understand it and to deliver it again. */
export interface DeadLetter {
  readonly id: string;
  readonly consumer: string;
  readonly status: DeadLetterStatus;
  readonly reason: DeadLetterReason;
  readonly event: IncomingEvent;
  readonly error: { readonly kind: string; readonly code: string; readonly message: string; readonly stack?: string };
  readonly fingerprint: string;
  readonly attempts: number;
  readonly replays: number;
  readonly firstFailedAt: Date;
  readonly lastFailedAt: Date;
  readonly resolvedAt?: Date;
  readonly resolvedBy?: string;
}

export interface DeadLetterRow {
  id: string;
  consumer: string;
  event_id: string;
  status: DeadLetterStatus;
  reason: DeadLetterReason;
  topic: string;
  type: string;
  source: string;
  subject: string | null;
  event_time: Date | null;
  data: string;
  traceparent: string | null;
  correlation_id: string | null;
  error_kind: string;
  error_code: string;
  error_message: string;
  error_stack: string | null;
  fingerprint: string;
  attempts: number;
  replays: number;
  first_failed_at: Date;
  last_failed_at: Date;
  resolved_at: Date | null;
  resolved_by: string | null;
}

export const toDeadLetter = (row: DeadLetterRow): DeadLetter => ({
  id: row.id,
  consumer: row.consumer,
  status: row.status,
  reason: row.reason,
  event: {
    id: row.event_id,
    topic: row.topic,
    type: row.type,
    source: row.source,
    subject: row.subject ?? undefined,
    time: row.event_time ?? undefined,
    data: row.data,
    traceparent: row.traceparent ?? undefined,
    correlationId: row.correlation_id ?? undefined,
  },
  error: {
    kind: row.error_kind,
    code: row.error_code,
    message: row.error_message,
    ...(row.error_stack !== null && { stack: row.error_stack }),
  },
  fingerprint: row.fingerprint,
  attempts: row.attempts,
  replays: row.replays,
  firstFailedAt: row.first_failed_at,
  lastFailedAt: row.last_failed_at,
  ...(row.resolved_at !== null && { resolvedAt: row.resolved_at }),
  ...(row.resolved_by !== null && { resolvedBy: row.resolved_by }),
});
