import { create, type JsonObject } from "@bufbuild/protobuf";
import { timestampFromDate } from "@bufbuild/protobuf/wkt";
import { type TimelineEvent as ProtoTimelineEvent, TimelineEventSchema } from "@tandem/contracts/common-operations";
import type { TimelineEvent } from "../model/timeline-event.ts";

export const timelineEventToProto = (event: TimelineEvent): ProtoTimelineEvent =>
  create(TimelineEventSchema, {
    eventId: event.eventId,
    topic: event.topic,
    type: event.type,
    source: event.source,
    subject: event.subject,
    aggregateVersion: event.aggregateVersion,
    occurredAt: timestampFromDate(event.occurredAt),
    receivedAt: timestampFromDate(event.receivedAt),
    traceId: event.traceId,
    correlationId: event.correlationId,
    references: event.references.map(({ kind, id }) => ({ kind, id })),
    foreignVersion: event.foreignVersion,
    ...(event.payload ? { payload: event.payload as JsonObject } : {}),
  });
