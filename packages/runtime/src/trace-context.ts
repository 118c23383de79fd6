import { context, isSpanContextValid, type Link, type SpanContext, trace } from "@opentelemetry/api";
import { parseTraceParent } from "@opentelemetry/core";
import "./context.ts"; // installs the context manager that makes a span "current"

/** W3C `traceparent` of the current span, for an outgoing call or an outbox row; undefined outside of a trace. */
export const currentTraceparent = (): string | undefined => {
  const current = trace.getSpanContext(context.active());
  if (!current || !isSpanContextValid(current)) return undefined;
  return `00-${current.traceId}-${current.spanId}-${current.traceFlags.toString(16).padStart(2, "0")}`;
};

/**
 * Runs `fn` as a continuation of the trace named by `traceparent`. Absent, malformed and all-zero values
 * (Dapr's way to say "none") start from no parent at all, never from the span that happens to be current.
 */
export const withTraceparent = <T>(traceparent: string | undefined, fn: () => T): T => {
  const parent = parse(traceparent);
  const base = trace.deleteSpan(context.active());
  return context.with(parent ? trace.setSpanContext(base, parent) : base, fn);
};

/** A span link to the trace named by `traceparent`, for batch work that has many parents; undefined when there is none. */
export const linkTo = (traceparent: string | undefined): Link | undefined => {
  const parent = parse(traceparent);
  return parent && { context: parent };
};

const parse = (traceparent: string | undefined): SpanContext | undefined => {
  if (!traceparent) return undefined;
  // Bulk deliveries join the headers of all entries with commas: the first one is as good a parent as any.
  const parsed = parseTraceParent(traceparent.split(",", 1)[0]?.trim() ?? "");
  return parsed && isSpanContextValid(parsed) ? { ...parsed, isRemote: true } : undefined;
};
