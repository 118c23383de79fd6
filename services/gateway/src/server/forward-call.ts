import type { Http2ServerResponse } from "node:http2";
import type { Writable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { AppError } from "@tandem/kernel";
import { readTimeoutMs } from "@tandem/rpc/door";
import { currentTraceparent } from "@tandem/runtime";
import { writeHead } from "../edge/answer.ts";
import type { Exchange } from "../edge/exchange.ts";
import { createTrailerSplit, setTrailers, toGrpcType, toGrpcWebType } from "../forward/grpc-bridge.ts";
import { outgoingHeaders, returnedHeaders } from "../forward/headers.ts";
import { readBody } from "../forward/read-body.ts";
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
}

/** The context cuts a call off at its deadline and says so; only when it does not, we do, so much later. */
const GRACE_MS = 250;

/** Sends the request to its context and its answer back, as streams: neither is decoded. @throws AppError when there is no answer */
export const makeForwardCall =
  (options: ForwardOptions) =>
  async (exchange: Exchange, route: CallRoute, search: string): Promise<void> => {
    const { request, gone, protocol } = exchange;
    const asked = readTimeoutMs(headersOf(request.headers));
    const timeoutMs =
      asked === undefined
        ? route.streaming
          ? undefined
          : options.defaultDeadlineMs
        : Math.min(asked, options.maxDeadlineMs);
    const startedAt = Date.now();
    const body = await readBody(request, options.maxBodyBytes, route.streaming);
    const headers = outgoingHeaders(request.headers, {
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
    if (timeoutMs !== undefined) setTimeoutHeader(headers, protocol, timeoutMs - (Date.now() - startedAt));
    if (protocol === "grpc") headers["content-type"] = toGrpcWebType(String(headers["content-type"]));
    const answer = await options.upstreams.send(
      route.context,
      {
        httpMethod: exchange.httpMethod,
        target: `${route.path}${search}`,
        headers,
        body,
        repeatable: route.repeatable,
        streaming: route.streaming,
        deadlineAt: timeoutMs === undefined ? undefined : startedAt + timeoutMs + GRACE_MS,
        signal: gone,
      },
      () => {
        exchange.attempts += 1;
      },
    );
    await passOn(exchange, answer);
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
  return exchange.gone.aborted
    ? new AppError("cancelled", "rpc.cancelled", "The caller went away.", { cause })
    : new AppError("unavailable", "gateway.answer_broken", "The answer broke off before it was complete.", { cause });
};
