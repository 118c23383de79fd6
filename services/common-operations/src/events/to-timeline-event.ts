import type { Message } from "@bufbuild/protobuf";
import type { Topic } from "@tandem/contracts";
import { AppError } from "@tandem/kernel";
import type { ConsumerContext } from "@tandem/messaging";
import { type JsonObject, type JsonValue, referencesIn, type TimelineEvent } from "../model/timeline-event.ts";
import { maskPayload } from "./mask-payload.ts";

type Delivered = Pick<ConsumerContext, "id" | "subject" | "time" | "type" | "event">;

/**
 * What the timeline keeps of a delivered event: the payload as it was published, not as this build reads it, so that fields of a
 * newer version are there when somebody looks for them.
 * @throws AppError `event.undecodable`, not retryable: the payload is no object
 */
export const toTimelineEvent = (
  topic: Topic,
  message: unknown,
  delivered: Delivered,
  receivedAt: Date,
): TimelineEvent => {
  const { event } = delivered;
  const raw = JSON.parse(event.data) as JsonValue;
  if (typeof raw !== "object" || raw === null || Array.isArray(raw))
    throw new AppError("invalid_argument", "event.undecodable", `The payload of ${event.type} is no object.`);
  const payload = raw as JsonObject;
  return {
    eventId: delivered.id,
    topic: topic.name,
    type: clean(event.type) || topic.type,
    source: clean(event.source),
    subject: clean(delivered.subject),
    aggregateVersion: topic.aggregateVersionOf(message as Message),
    occurredAt: timeOf(payload["occurredAt"] ?? payload["occurred_at"]) ?? delivered.time ?? receivedAt,
    receivedAt,
    traceId: traceIdOf(event.traceparent),
    correlationId: clean(event.correlationId ?? ""),
    foreignVersion: event.type.startsWith("tandem.") && event.type !== topic.type,
    payload: maskPayload(topic.schema, payload),
    references: referencesIn(payload).map(({ kind, id }) => ({ kind, id: clean(id) })),
  };
};

/** Postgres holds no NUL in text. */
const clean = (text: string): string => text.replaceAll("\0", "\ufffd").slice(0, 255);

const timeOf = (value: JsonValue | undefined): Date | undefined => {
  const at = new Date(typeof value === "string" ? value : Number.NaN);
  return Number.isNaN(at.getTime()) ? undefined : at;
};

const traceIdOf = (traceparent: string | undefined): string => {
  const [, id = ""] = /^[0-9a-f]{2}-([0-9a-f]{32})-/.exec(traceparent ?? "") ?? [];
  return /^0*$/.test(id) ? "" : id;
};
