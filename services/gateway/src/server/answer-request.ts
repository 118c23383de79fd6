import { type Context, context, SpanKind, trace } from "@opentelemetry/api";
import { type Authenticator, anonymous, authorize, type Principal, tokenError } from "@tandem/auth";
import { AppError, newId } from "@tandem/kernel";
import { CORRELATION_HEADER } from "@tandem/rpc";
import { isPlainAddress, procedureNotFound, routeNotFound } from "@tandem/rpc/door";
import { failSpan, type Telemetry, withTraceparent } from "@tandem/runtime";
import { answerError, answerWhole, writeHead } from "../edge/answer.ts";
import { clientAddressOf, rateKeyOf } from "../edge/client-address.ts";
import type { Cors } from "../edge/cors.ts";
import { type Exchange, type NodeRequest, type NodeResponse, protocolOf } from "../edge/exchange.ts";
import type { RequestLog } from "../edge/request-log.ts";
import { securityHeaders } from "../edge/security-headers.ts";
import type { Rate, SharedRateLimit } from "../edge/shared-rate-limit.ts";
import { readTarget } from "../routing/read-target.ts";
import type { CallRoute, RateClass, RouteTable } from "../routing/route-table.ts";
import { type AnswerOwnPath, isProbe, methodNotAllowed, toAppError, unknownContext } from "./own-paths.ts";

export interface AnswerRequestOptions {
  readonly routes: RouteTable;
  readonly answerOwnPath: AnswerOwnPath;
  readonly forwardCall: (exchange: Exchange, route: CallRoute, search: string) => Promise<void>;
  readonly authenticator: Authenticator;
  readonly limiter: SharedRateLimit;
  readonly rates: Readonly<Record<RateClass, Rate>>;
  readonly cors: Cors;
  readonly requestLog: RequestLog;
  readonly telemetry: Pick<Telemetry, "tracer">;
  readonly trustedProxies: number;
}

const CORRELATION = /^[A-Za-z0-9._:-]{1,128}$/;

/** Every request, from its headers to its log line. Never rejects. */
export const makeAnswerRequest = (options: AnswerRequestOptions) => {
  const { routes, answerOwnPath, forwardCall, limiter, rates, cors, requestLog, telemetry } = options;

  const open = (request: NodeRequest, response: NodeResponse): Exchange => {
    const gone = new AbortController();
    // Ours and those of a pipeline.
    response.setMaxListeners(20);
    response.once("close", () => {
      // An answer that is complete has nobody left to tell; an abort costs an exception with a stack.
      if (!response.writableFinished) gone.abort();
    });
    const given = request.headers[CORRELATION_HEADER];
    const correlationId = typeof given === "string" && CORRELATION.test(given) ? given : newId();
    const forwarded = request.headers["x-forwarded-for"];
    return {
      request,
      response,
      httpMethod: request.method ?? "GET",
      protocol: protocolOf(request),
      correlationId,
      clientAddress: clientAddressOf(
        request.socket?.remoteAddress,
        Array.isArray(forwarded) ? forwarded.join(",") : forwarded,
        options.trustedProxies,
      ),
      startedAt: performance.now(),
      gone: gone.signal,
      answerHeaders: Object.fromEntries([
        ...securityHeaders,
        ...cors.headersFor(request.headers),
        [CORRELATION_HEADER, correlationId],
      ]),
      label: "unmatched",
      context: "",
      subject: "",
      slug: "",
      attempts: 0,
    };
  };

  const limit = (exchange: Exchange, rateClass: RateClass): void => {
    const rate = rates[rateClass];
    const { allowed, remaining, resetMs } = limiter.take(
      `rate:${rateClass}:${rateKeyOf(exchange.clientAddress)}`,
      rate,
    );
    const seconds = Math.max(1, Math.ceil(resetMs / 1000));
    const { answerHeaders } = exchange;
    answerHeaders["ratelimit-limit"] = String(rate.burst);
    answerHeaders["ratelimit-remaining"] = String(remaining);
    answerHeaders["ratelimit-reset"] = String(seconds);
    if (allowed) return;
    answerHeaders["retry-after"] = String(seconds);
    throw new AppError("resource_exhausted", "rpc.rate_limited", "Too many calls; wait for the time in Retry-After.");
  };

  const work = async (exchange: Exchange): Promise<void> => {
    const { request, httpMethod } = exchange;
    const target = readTarget(request.url);
    const host = request.headers.host ?? request.headers[":authority"];
    if (
      target === undefined ||
      hasTwoHosts(request) ||
      !isPlainAddress(typeof host === "string" ? host : undefined, request.url)
    ) {
      exchange.answerHeaders["connection"] = "close";
      throw new AppError("invalid_argument", "request.malformed", "The Host header or the path is malformed.", {
        details: [{ rule: "malformed_url", message: "The Host header or the path is malformed." }],
      });
    }
    const { path, search } = target;
    if (isProbe(path)) return void (await answerOwnPath(exchange, path));
    const preflight = cors.preflight(httpMethod, request.headers);
    if (preflight !== undefined) {
      exchange.label = "preflight";
      limit(exchange, "read");
      writeHead(exchange.response, 204, { ...exchange.answerHeaders, ...Object.fromEntries(preflight) });
      return void exchange.response.end();
    }
    const resolved = routes.resolve(httpMethod, path);
    if (resolved.kind === "call") {
      exchange.label = resolved.label;
      exchange.context = resolved.context;
    }
    limit(exchange, resolved.kind === "call" ? resolved.rateClass : "other");
    if (resolved.kind === "call") {
      if (exchange.protocol === "grpc" && request.httpVersionMajor !== 2)
        throw new AppError(
          "invalid_argument",
          "request.unsupported_media_type",
          "gRPC needs HTTP/2: it has a port of its own.",
        );
      const principal = await identify(options.authenticator, request);
      exchange.subject = principal.subject;
      authorize(principal, resolved.method);
      return forwardCall(exchange, resolved, search);
    }
    if (await answerOwnPath(exchange, path)) return;
    if (resolved.kind === "unknown_context") throw unknownContext(resolved.name);
    if (resolved.kind === "procedure_not_found") throw procedureNotFound.error;
    if (resolved.kind === "not_found") throw routeNotFound(httpMethod, path).error;
    const refused = methodNotAllowed(exchange, path, resolved.allow);
    if (httpMethod !== "OPTIONS") throw refused;
    answerWhole(exchange, 204, "", "");
  };

  return async (request: NodeRequest, response: NodeResponse): Promise<void> => {
    const exchange = open(request, response);
    await withTraceparent(traceparentOf(request), async () => {
      const span = telemetry.tracer.startSpan("gateway", { kind: SpanKind.SERVER });
      exchange.answerHeaders["x-trace-id"] = span.spanContext().traceId;
      const within: Context = trace.setSpan(context.active(), span);
      response.once("close", () => {
        span.updateName(exchange.label);
        span.setAttribute("http.response.status_code", response.statusCode);
        span.end();
        requestLog(exchange);
      });
      try {
        await context.with(within, () => work(exchange));
      } catch (error) {
        const known = toAppError(error);
        if (known.kind === "internal") failSpan(span, error);
        if (known.kind === "internal") requestLog.failed(exchange, error);
        answerError(exchange, known);
      }
    });
  };
};

const traceparentOf = ({ headers }: NodeRequest): string | undefined => {
  const given = headers["traceparent"];
  return typeof given === "string" ? given : undefined;
};

/** Verified once, here; the token goes on, and each context decides by it what its bearer may do. @throws AppError `auth.token_*` */
const identify = async (authenticator: Authenticator, { headers }: NodeRequest): Promise<Principal> => {
  const given = headers.authorization;
  if (given === undefined) return anonymous;
  const token = /^Bearer +([A-Za-z0-9._~+/=-]+)$/i.exec(given.trim())?.[1];
  if (token === undefined) throw tokenError("auth.token_malformed");
  return authenticator.authenticate(token);
};

/** Node keeps the first one; who stands behind us might keep the other. */
const hasTwoHosts = ({ rawHeaders }: NodeRequest): boolean => {
  let hosts = 0;
  for (let at = 0; at < rawHeaders.length; at += 2) {
    const name = rawHeaders[at] as string;
    if (name.length === 4 && name.toLowerCase() === "host") hosts += 1;
  }
  return hosts > 1;
};
