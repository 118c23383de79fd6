import type { IncomingHttpHeaders, ServerResponse } from "node:http";
import type { Http2ServerResponse } from "node:http2";
import type { Writable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { AppError } from "@tandem/kernel";
import { readTimeoutMs } from "@tandem/rpc/door";
import { currentTraceparent } from "@tandem/runtime";
import { writeHead } from "../edge/answer.ts";
import type { Exchange } from "../edge/exchange.ts";
import type { CallKind } from "../forward/admission.ts";
import { createTrailerSplit, setTrailers, toGrpcType, toGrpcWebType } from "../forward/grpc-bridge.ts";
import { outgoingHeaders, returnedHeaders } from "../forward/headers.ts";
import { mayShare } from "../forward/may-share.ts";
import { answerBroken, isSmall, readSmall } from "../forward/read-answer.ts";
import { readBody } from "../forward/read-body.ts";
import { askedHeaders, type SharedAnswers } from "../forward/shared-answers.ts";
import type { Upstreams } from "../forward/upstreams.ts";
import type { CallRoute } from "../routing/route-table.ts";

export interface ForwardOptions {
  readonly upstreams: Upstreams;
  readonly callerAppId: string;
  readonly daprApiToken: string | undefined;
  readonly serviceToken: () => string | undefined;
  readonly maxBodyBytes: number;
  readonly defaultDeadlineMs: number;
  readonly maxDeadlineMs: number;
  /** Undefined: everybody gets an answer of their own. */
  readonly sharedAnswers: SharedAnswers | undefined;
}

/** The context cuts a call off at its deadline and says so; only when it does not, we do, so much later. */
const GRACE_MS = 250;

/** Sends the request to its context and its answer back, as streams: neither is decoded. @throws AppError when there is no answer */
export const makeForwardCall =
  (options: ForwardOptions) =>
  async (exchange: Exchange, route: CallRoute, search: string): Promise<void> => {
    const { request, gone, protocol } = exchange;
    const target = `${route.path}${search}`;
    const asked = readTimeoutMs(headersOf(request.headers));
    const timeoutMs =
      asked === undefined
        ? route.streaming
          ? undefined
          : options.defaultDeadlineMs
        : Math.min(asked, options.maxDeadlineMs);
    const startedAt = Date.now();
    const body = await readBody(request, options.maxBodyBytes, route.streaming);
    const ask = (incoming: IncomingHttpHeaders, deadlineMs: number | undefined, signal: AbortSignal) => {
      const headers = outgoingHeaders(incoming, {
        appId: route.context,
        callerAppId: options.callerAppId,
        viaSidecar: options.upstreams.viaSidecar,
        clientAddress: exchange.clientAddress,
        correlationId: exchange.correlationId,
        traceparent: currentTraceparent(),
        host: String(request.headers.host ?? request.headers[":authority"] ?? ""),
        secure: false,
        daprApiToken: options.daprApiToken,
        serviceToken: options.serviceToken(),
      });
      if (deadlineMs !== undefined) setTimeoutHeader(headers, protocol, deadlineMs - (Date.now() - startedAt));
      if (protocol === "grpc") headers["content-type"] = toGrpcWebType(String(headers["content-type"]));
      return options.upstreams.send(
        route.context,
        {
          httpMethod: exchange.httpMethod,
          target,
          headers,
          body,
          repeatable: route.repeatable,
          streaming: route.streaming,
          kind: kindOf(route, incoming),
          deadlineAt: deadlineMs === undefined ? undefined : startedAt + deadlineMs + GRACE_MS,
          signal,
        },
        () => {
          exchange.attempts += 1;
        },
      );
    };
    if (options.sharedAnswers && mayShare(exchange, route, target, body, asked)) {
      const headers = askedHeaders(request.headers);
      const shared = await options.sharedAnswers.answer(
        {
          context: route.context,
          httpMethod: exchange.httpMethod,
          target,
          headers,
          body: body.kind === "whole" ? body.bytes : undefined,
          // For whoever waits, and maybe for nobody who is still here: with the door's own patience.
          ask: (signal) => ask(headers, options.defaultDeadlineMs, signal),
        },
        gone,
      );
      // Undefined: too large to keep. The context is asked once more, for this caller alone.
      if (shared !== undefined) return passWhole(exchange, shared.statusCode, shared.headers, shared.body);
    }
    const answer = await ask(request.headers, timeoutMs, gone);
    await passOn(exchange, answer);
  };

/** Who listens to a stream is slow on purpose, and who asks to wait for what a write leads to (`Prefer: wait`); a read waits for nothing. */
const kindOf = ({ streaming, rateClass }: CallRoute, { prefer }: IncomingHttpHeaders): CallKind => {
  if (streaming) return "patient";
  if (rateClass === "read") return "read";
  return /(?:^|[,\s])wait=/i.test(String(prefer ?? "")) ? "patient" : "write";
};

const headersOf = (headers: Exchange["request"]["headers"]): Headers => {
  const timeouts = new Headers();
  for (const name of ["grpc-timeout", "connect-timeout-ms", "request-timeout"]) {
    const value = headers[name];
    if (typeof value === "string") timeouts.set(name, value);
  }
  return timeouts;
};

/** What is left of the caller's patience, in the words of its protocol. */
const setTimeoutHeader = (headers: Record<string, string | string[]>, protocol: string, leftMs: number): void => {
  const ms = Math.max(1, Math.round(leftMs));
  delete headers["request-timeout"];
  if (protocol === "connect") headers["connect-timeout-ms"] = String(ms);
  else if (protocol === "rest") headers["request-timeout"] = String(ms / 1000);
  else headers["grpc-timeout"] = `${ms}m`;
};

const passOn = async (exchange: Exchange, answer: Awaited<ReturnType<Upstreams["send"]>>): Promise<void> => {
  const { response, answerHeaders, protocol, httpMethod } = exchange;
  const { statusCode, headers: incoming, body } = answer;
  if (response.destroyed) return void body.destroy();
  const headers = { ...answerHeaders, ...returnedHeaders(incoming) };
  if (protocol === "grpc") return passGrpcOn(exchange, answer, headers);
  if (httpMethod !== "HEAD" && isSmall(answer)) {
    const whole = await readSmall(body).catch((error: unknown) => Promise.reject(broken(exchange, error)));
    return passWhole(exchange, statusCode, headers, whole);
  }
  writeHead(response, statusCode, headers);
  if (httpMethod === "HEAD") {
    await body.dump();
    response.end();
    return;
  }
  try {
    await pipeline(body, response as unknown as Writable);
  } catch (error) {
    throw brokenOff(exchange, error);
  }
};

const passWhole = (
  { response, answerHeaders }: Exchange,
  statusCode: number,
  headers: Readonly<Record<string, string | string[]>>,
  body: Buffer,
): void => {
  if (response.destroyed) return;
  writeHead(response, statusCode, { ...answerHeaders, ...headers, "content-length": body.length });
  (response as ServerResponse).end(body);
};

const passGrpcOn = async (
  exchange: Exchange,
  { headers: incoming, body }: Awaited<ReturnType<Upstreams["send"]>>,
  headers: Record<string, string | string[]>,
): Promise<void> => {
  const response = exchange.response as Http2ServerResponse;
  delete headers["content-length"];
  const type = String(incoming["content-type"] ?? "");
  if (!type.startsWith("application/grpc-web")) {
    await body.dump();
    throw new AppError("internal", "rpc.internal", "The context did not answer in gRPC-Web.");
  }
  headers["content-type"] = toGrpcType(type);
  if (incoming["grpc-status"] !== undefined) {
    await body.dump();
    writeHead(response, 200, headers);
    return void response.end();
  }
  writeHead(response, 200, { ...headers, trailer: "grpc-status, grpc-message" });
  try {
    await pipeline(
      body,
      createTrailerSplit((trailers) => setTrailers(response, trailers)),
      response as unknown as Writable,
    );
  } catch (error) {
    throw brokenOff(exchange, error);
  }
};

/** A proper end would make what was sent look complete. */
const brokenOff = (exchange: Exchange, cause: unknown): AppError => {
  exchange.response.destroy();
  return broken(exchange, cause);
};

const broken = (exchange: Exchange, cause: unknown): AppError =>
  exchange.gone.aborted
    ? new AppError("cancelled", "rpc.cancelled", "The caller went away.", { cause })
    : answerBroken(cause);
