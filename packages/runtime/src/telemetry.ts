import { randomUUID } from "node:crypto";
import { type Attributes, type Link, type Span, SpanKind, SpanStatusCode, type Tracer } from "@opentelemetry/api";
import { type ExportResult, ExportResultCode } from "@opentelemetry/core";
import { OTLPTraceExporter } from "@opentelemetry/exporter-trace-otlp-proto";
import { resourceFromAttributes } from "@opentelemetry/resources";
import {
  AlwaysOffSampler,
  BatchSpanProcessor,
  ParentBasedSampler,
  type ReadableSpan,
  SimpleSpanProcessor,
  type SpanExporter,
  type SpanProcessor,
  TraceIdRatioBasedSampler,
  TracerProvider,
} from "@opentelemetry/sdk-trace";
import type { Logger } from "./logger.ts";
import { maskText } from "./mask.ts";
import "./context.ts";

export interface TelemetryOptions {
  /** `service.name` of every span. */
  readonly service: string;
  /** `service.version`. Default "0.0.0". */
  readonly version?: string;
  /** Base URL of an OTLP/HTTP collector (`http://collector:4318`). Without one nothing is recorded, yet ids travel. */
  readonly otlpEndpoint?: string;
  /** Share of new traces that are recorded, 0..1. A caller's decision is always kept. Default 1 with somewhere to export to, else 0. */
  readonly sampleRatio?: number;
  /** Receives every span as it ends, beside the collector. For tests (`InMemorySpanExporter`). */
  readonly exporter?: SpanExporter;
  /** Told when the collector refuses spans, at most once a minute. */
  readonly log?: Logger;
}

export interface SpanOptions {
  readonly kind?: "internal" | "server" | "client" | "producer" | "consumer";
  readonly attributes?: Attributes;
  readonly links?: readonly (Link | undefined)[];
}

export interface Telemetry extends AsyncDisposable {
  readonly tracer: Tracer;
  /** Runs `fn` inside a new span, child of the current one. A throw marks the span as failed and is rethrown. */
  inSpan<T>(name: string, options: SpanOptions, fn: (span: Span) => Promise<T>): Promise<T>;
  /** Sends what is buffered, waiting at most `timeoutMs` (default 3 000). Never throws. */
  flush(timeoutMs?: number): Promise<void>;
  /** Flushes and stops. An unreachable collector costs at most `timeoutMs` (default 3 000). Never throws. */
  shutdown(timeoutMs?: number): Promise<void>;
}

const KINDS = {
  internal: SpanKind.INTERNAL,
  server: SpanKind.SERVER,
  client: SpanKind.CLIENT,
  producer: SpanKind.PRODUCER,
  consumer: SpanKind.CONSUMER,
} as const;

/** Runs `fn` inside a new current span of `tracer`; see {@link Telemetry.inSpan}. */
export const inSpan = <T>(
  tracer: Tracer,
  name: string,
  { kind = "internal", attributes, links }: SpanOptions,
  fn: (span: Span) => Promise<T>,
): Promise<T> => {
  const found = links?.filter((link) => link !== undefined);
  const options = { kind: KINDS[kind], ...(attributes && { attributes }), ...(found?.length && { links: found }) };
  return tracer.startActiveSpan(name, options, async (span) => {
    try {
      return await fn(span);
    } catch (error) {
      failSpan(span, error);
      throw error;
    } finally {
      span.end();
    }
  });
};

/** Marks `span` as failed by `error`. */
export const failSpan = (span: Span, error: unknown): void => {
  if (!span.isRecording()) return;
  const failure = error instanceof Error ? error : new Error(String(error));
  const message = maskText(failure.message);
  span.recordException({ name: failure.name, message, stack: maskText(failure.stack ?? "") });
  span.setStatus({ code: SpanStatusCode.ERROR, message });
};

/**
 * A tracer of its own for one binary. Nothing is registered globally, because ten binaries may share a process;
 * only the context manager is shared, so a trace crosses them as it would cross processes.
 */
export const createTelemetry = (options: TelemetryOptions): Telemetry => {
  const { service, version = "0.0.0", otlpEndpoint, exporter, log } = options;
  const processors: SpanProcessor[] = [];
  if (otlpEndpoint) processors.push(new BatchSpanProcessor({ exporter: otlpExporter(otlpEndpoint, log) }));
  if (exporter) processors.push(new SimpleSpanProcessor({ exporter }));
  const sampleRatio = options.sampleRatio ?? (processors.length > 0 ? 1 : 0);
  const provider = new TracerProvider({
    resource: resourceFromAttributes({
      "service.name": service,
      "service.version": version,
      "service.namespace": "tandem",
      "service.instance.id": randomUUID(),
    }),
    sampler: new ParentBasedSampler({
      root: sampleRatio > 0 ? new TraceIdRatioBasedSampler(sampleRatio) : new AlwaysOffSampler(),
    }),
    spanProcessors: processors,
  });
  const tracer = provider.getTracer("tandem", version);
  const shutdown = (timeoutMs = 3_000) => within(timeoutMs, provider.shutdown());
  return {
    tracer,
    inSpan: (name, spanOptions, fn) => inSpan(tracer, name, spanOptions, fn),
    flush: (timeoutMs = 3_000) => within(timeoutMs, provider.forceFlush({ timeoutMillis: timeoutMs })),
    shutdown,
    [Symbol.asyncDispose]: () => shutdown(),
  };
};

/** Per the OTLP convention the signal's path is appended to the base URL. */
const otlpExporter = (endpoint: string, log: Logger | undefined): SpanExporter => {
  const inner = new OTLPTraceExporter({ url: `${endpoint.replace(/\/+$/, "")}/v1/traces`, timeoutMillis: 5_000 });
  let warnedAt = Number.NEGATIVE_INFINITY;
  return {
    export: (spans: ReadableSpan[], done: (result: ExportResult) => void) =>
      inner.export(spans, (result) => {
        if (result.code !== ExportResultCode.SUCCESS && performance.now() - warnedAt > 60_000) {
          warnedAt = performance.now();
          log?.warn({ err: result.error, endpoint, spans: spans.length }, "traces could not be exported");
        }
        done(result);
      }),
    forceFlush: () => inner.forceFlush(),
    shutdown: () => inner.shutdown(),
  };
};

const within = async (timeoutMs: number, work: Promise<void>): Promise<void> => {
  let timer: NodeJS.Timeout | undefined;
  const timeout = new Promise<void>((resolve) => {
    timer = setTimeout(resolve, timeoutMs);
  });
  // Losing spans must never fail the work that they describe, so the reason is dropped (the exporter has warned).
  await Promise.race([work.catch(() => undefined), timeout]);
  clearTimeout(timer);
};
