import { context, type Span, SpanKind, SpanStatusCode, type Tracer, trace } from "@opentelemetry/api";
import { currentTraceparent, withTraceparent } from "@tandem/runtime";
import type { ClaimedEvent } from "./claim-batch.ts";
import type { OutboxEvent } from "./events.ts";
import type { Published } from "./publish-batch.ts";

const SAMPLED = /-0[13579bdf]$/;

/**
 * A span per published event, child of the span in which the event was added: the order's trace goes on, and what consumers
 * do hangs below the publish. Events of traces that nobody records cost nothing.
 */
export const createPublishSpans = (tracer: Tracer | undefined) => {
  const open = new Map<string, Span>();
  return {
    prepare: (event: ClaimedEvent): OutboxEvent => {
      if (!tracer || !event.traceparent || !SAMPLED.test(event.traceparent)) return event;
      return withTraceparent(event.traceparent, () => {
        const span = tracer.startSpan(`publish ${event.topic}`, {
          kind: SpanKind.PRODUCER,
          attributes: {
            "messaging.operation.type": "send",
            "messaging.destination.name": event.topic,
            "messaging.message.id": event.id,
            "tandem.event.attempt": event.attempt,
          },
        });
        open.set(event.seq, span);
        const traceparent = context.with(trace.setSpan(context.active(), span), currentTraceparent);
        return traceparent ? { ...event, traceparent } : event;
      });
    },
    finish: (outcomes: ReadonlyMap<string, Published>): void => {
      for (const [seq, span] of open) {
        const outcome = outcomes.get(seq);
        if (outcome?.status === "failed")
          span.setStatus({ code: SpanStatusCode.ERROR, message: outcome.error.message });
        span.end();
      }
      open.clear();
    },
  };
};
