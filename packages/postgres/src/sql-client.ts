import { type Span, SpanKind, type Tracer, trace } from "@opentelemetry/api";
import { failSpan } from "@tandem/runtime";
import type pg from "pg";
import { isGivenName } from "./name-statement.ts";

/** Something that runs SQL: a pool, a connection, a transaction. */
export type SqlClient = Pick<pg.ClientBase, "query">;

export interface Observation {
  readonly tracer?: Tracer;
  /** `db.namespace` of the spans. */
  readonly namespace: string;
}

type Run = (...args: unknown[]) => Promise<pg.QueryResult>;

/**
 * A view of `target` that runs `guard` before each statement, counts what is in flight and, inside a recorded trace,
 * makes a span per statement. Outside of one, spans would have no parent and polls would flood the collector.
 */
export const observeSql = (
  target: SqlClient,
  { tracer, namespace }: Observation,
  hooks: { guard?: () => void; inFlight?: { count: number } } = {},
): SqlClient => {
  const run = target.query.bind(target) as unknown as Run;
  const { guard, inFlight } = hooks;
  const query: Run = async (...args) => {
    guard?.();
    if (inFlight) inFlight.count += 1;
    const span = tracer && trace.getActiveSpan()?.isRecording() ? startSpan(tracer, namespace, args[0]) : undefined;
    try {
      return await run(...args);
    } catch (error) {
      if (span) failSpan(span, error);
      throw error;
    } finally {
      span?.end();
      if (inFlight) inFlight.count -= 1;
    }
  };
  return { query: query as unknown as SqlClient["query"] };
};

const startSpan = (tracer: Tracer, namespace: string, config: unknown): Span => {
  const { text, name } = (typeof config === "string" ? { text: config } : config) as { text: string; name?: string };
  const summary = name === undefined || isGivenName(name) ? summarize(text) : name;
  return tracer.startSpan(summary, {
    kind: SpanKind.CLIENT,
    attributes: {
      "db.system.name": "postgresql",
      "db.namespace": namespace,
      "db.query.summary": summary,
      "db.operation.name": summary.split(" ", 1)[0] ?? "",
    },
  });
};

const summaries = new Map<string, string>();
const MAX_SUMMARIES = 1_000;
const TABLE = /\b(?:from|into|update|join)\s+((?:"?[\w$]+"?\.)?"?[\w$]+"?)/i;

/** `SELECT orders`: low cardinality, never a value. The text itself stays out of the trace. */
export const summarize = (text: string): string => {
  const known = summaries.get(text);
  if (known !== undefined) return known;
  const operation = /^\s*(\w+)/.exec(text)?.[1]?.toUpperCase() ?? "SQL";
  const table = TABLE.exec(text)?.[1]?.replaceAll('"', "");
  const summary = table ? `${operation} ${table}` : operation;
  if (summaries.size < MAX_SUMMARIES) summaries.set(text, summary);
  return summary;
};
