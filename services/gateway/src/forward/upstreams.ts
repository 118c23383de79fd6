import { setTimeout as sleep } from "node:timers/promises";
import { type ContextName, localPorts, type ServiceEntry } from "@tandem/contracts";
import { AppError, isAppError } from "@tandem/kernel";
import { type CircuitBreaker, createCircuitBreaker } from "@tandem/resilience";
import type { Logger, Metrics } from "@tandem/runtime";
import { Agent, type Dispatcher } from "undici";
import { type CallKind, createAdmission } from "./admission.ts";
import type { OutgoingBody } from "./read-body.ts";

export interface UpstreamRequest {
  readonly httpMethod: string;
  /** Path and query. */
  readonly target: string;
  readonly headers: Record<string, string | string[]>;
  readonly body: OutgoingBody;
  /** May be sent twice. */
  readonly repeatable: boolean;
  /** Until its answer is complete; of one that streams, until it begins. Undefined: as long as it takes. */
  readonly deadlineAt: number | undefined;
  readonly streaming: boolean;
  /** Which calls find room last, when the context is slow: see {@link Admission}. */
  readonly kind: CallKind;
  readonly signal: AbortSignal;
}

export type UpstreamAnswer = Dispatcher.ResponseData;

export interface Upstreams {
  readonly viaSidecar: boolean;
  /**
   * The context's answer, headers first. Whatever the context itself answers is an answer, errors included.
   * @throws AppError `gateway.context_unavailable`, `gateway.context_busy`, `rpc.deadline_exceeded`; the body's own error
   */
  send(context: ContextName, request: UpstreamRequest, attempted?: () => void): Promise<UpstreamAnswer>;
  /** `closed`: the context is called as usual. */
  circuitOf(context: ContextName): CircuitBreaker["state"];
  close(): Promise<void>;
}

export interface UpstreamOptions {
  readonly contexts: readonly ServiceEntry[];
  readonly way:
    | { readonly kind: "sidecar"; readonly daprHttpUrl: string }
    | { readonly kind: "direct"; readonly portOffset: number };
  /** Per context. */
  readonly maxInFlight: number;
  /** An answer that takes longer says that calls stand in line there. */
  readonly slowMs: number;
  readonly log: Pick<Logger, "warn" | "info">;
  readonly metrics: Metrics;
}

interface Upstream {
  readonly circuit: CircuitBreaker;
  readonly origin: string;
}

/** Between two attempts of a call that may be repeated. */
const RETRY_AFTER_MS = 40;
/** A caller with less patience than this says nothing about the context's health when it gives up. */
const TELLING_MS = 2_000;

export const contextUnavailable = (context: string, cause?: unknown): AppError =>
  new AppError("unavailable", "gateway.context_unavailable", `The context ${context} is not available now.`, {
    cause,
    details: [
      { field: "context", rule: context, message: "This part of the platform does not answer; the others do." },
    ],
  });

export const createUpstreams = ({ contexts, way, maxInFlight, slowMs, log, metrics }: UpstreamOptions): Upstreams => {
  const agent = new Agent({
    // The number of calls is bounded per context, so the number of connections is too.
    connections: null,
    pipelining: 1,
    keepAliveTimeout: 30_000,
    keepAliveMaxTimeout: 120_000,
    connect: { timeout: 2_000 },
    // Deadlines are the calls' own.
    headersTimeout: 0,
    bodyTimeout: 0,
    maxHeaderSize: 32_768,
  });
  const originOf = (entry: ServiceEntry): string =>
    way.kind === "sidecar" ? way.daprHttpUrl : `http://127.0.0.1:${localPorts(entry, way.portOffset).api.http}`;
  const open = metrics.gauge({
    name: "tandem_gateway_circuit_open",
    help: "1 while the circuit to the context is not closed",
    labels: ["context"],
  });
  const retries = metrics.counter({
    name: "tandem_gateway_retries_total",
    help: "Calls sent to a context a second time",
    labels: ["context"],
  });
  const upstreams = new Map(
    contexts.map((entry) => {
      const { context } = entry;
      open.set({ context }, 0);
      const circuit = createCircuitBreaker({
        name: context,
        counts: (error) => isAppError(error) && error.code === "gateway.context_unavailable",
        maxHalfOpenAfterMs: 5_000,
        onStateChange: (state) => {
          open.set({ context }, state === "closed" ? 0 : 1);
          log.warn({ context, state }, "circuit");
        },
      });
      return [context, { circuit, origin: originOf(entry) }] as [ContextName, Upstream];
    }),
  );

  const admission = createAdmission({ contexts: [...upstreams.keys()], maxInFlight, slowMs, log, metrics });

  const attempt = async (context: ContextName, origin: string, request: UpstreamRequest): Promise<UpstreamAnswer> => {
    const { httpMethod, target, headers, body, deadlineAt, signal } = request;
    const startedAt = Date.now();
    const late = new AbortController();
    const timer =
      deadlineAt === undefined ? undefined : setTimeout(() => late.abort(), Math.max(0, deadlineAt - startedAt));
    const onGone = () => late.abort();
    signal.addEventListener("abort", onGone, { once: true });
    const over = () => {
      clearTimeout(timer);
      signal.removeEventListener("abort", onGone);
    };
    const whole = body.kind === "whole" ? body.bytes : body.kind === "stream" ? body.stream : null;
    const withLength =
      body.kind === "stream" && body.length !== undefined
        ? { ...headers, "content-length": String(body.length) }
        : headers;
    try {
      const answer = await agent.request({
        origin,
        path: target,
        method: httpMethod as Dispatcher.HttpMethod,
        headers: withLength,
        body: whole,
        signal: late.signal,
      });
      if (request.streaming) clearTimeout(timer);
      answer.body.once("close", over);
      return request.kind === "probe" ? answer : await recognized(context, answer);
    } catch (error) {
      over();
      if (isAppError(error)) throw error;
      if (signal.aborted) throw new AppError("cancelled", "rpc.cancelled", "The caller went away.", { cause: error });
      if (late.signal.aborted) {
        if (Date.now() - startedAt >= TELLING_MS)
          log.warn({ context, target: target.split("?", 1)[0] }, "no answer in time");
        throw new AppError(
          "deadline_exceeded",
          "rpc.deadline_exceeded",
          "The deadline passed before the call was answered.",
        );
      }
      throw contextUnavailable(context, error);
    }
  };

  const send: Upstreams["send"] = async (context, request, attempted) => {
    const upstream = upstreams.get(context);
    if (upstream === undefined) throw contextUnavailable(context);
    const leave = admission.enter(context, request.kind);
    let answered = false;
    const tries = request.repeatable && request.body.kind !== "stream" ? 2 : 1;
    try {
      for (let at = 1; ; at += 1) {
        attempted?.();
        try {
          const once = () => attempt(context, upstream.origin, request);
          const answer = await (request.kind === "probe" ? once() : upstream.circuit.run(once));
          answered = true;
          return answer;
        } catch (error) {
          if (isAppError(error) && error.code === "circuit.open") throw contextUnavailable(context, error);
          const again = at < tries && isAppError(error) && error.code === "gateway.context_unavailable";
          const leftMs = (request.deadlineAt ?? Number.POSITIVE_INFINITY) - Date.now();
          if (!again || request.signal.aborted || leftMs < 2 * RETRY_AFTER_MS) throw error;
          retries.inc({ context });
          await sleep(RETRY_AFTER_MS * (0.5 + Math.random()));
        }
      }
    } finally {
      leave(answered);
    }
  };
  return {
    viaSidecar: way.kind === "sidecar",
    send,
    circuitOf: (context) => upstreams.get(context)?.circuit.state ?? "open",
    close: () => agent.destroy(),
  };
};

const MAX_ERROR_BYTES = 8_192;

/** Tells a context's error from a sidecar's: one of ours bears a trace, the sidecar's says that it could not reach the app. */
const recognized = async (context: ContextName, answer: UpstreamAnswer): Promise<UpstreamAnswer> => {
  const { statusCode, headers, body } = answer;
  if (statusCode < 500 || headers["x-trace-id"] !== undefined || headers["x-correlation-id"] !== undefined)
    return answer;
  if (!String(headers["content-type"] ?? "").startsWith("application/json")) {
    await body.dump();
    throw contextUnavailable(context);
  }
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of body as AsyncIterable<Buffer>) {
    chunks.push(chunk);
    size += chunk.length;
    if (size > MAX_ERROR_BYTES) break;
  }
  // Shutting down, or not there: to the caller it is the same, and another replica may answer.
  throw contextUnavailable(context, new Error(Buffer.concat(chunks).toString("utf8").slice(0, 300)));
};
