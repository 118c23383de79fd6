import type { ServerResponse } from "node:http";
import type { Http2ServerResponse } from "node:http2";
import { errorToJson } from "@connectrpc/connect/protocol-connect";
import { setTrailerStatus } from "@connectrpc/connect/protocol-grpc";
import type { AppError } from "@tandem/kernel";
import { httpStatusOfKind } from "@tandem/rpc";
import { envelopeOf, toConnectError } from "@tandem/rpc/door";
import type { Exchange, NodeResponse } from "./exchange.ts";

type Headers = Record<string, string | string[] | number>;

/** Once: what comes later finds the answer on its way. */
export const writeHead = (response: NodeResponse, status: number, headers: Headers): void => {
  // Both kinds have the method; their overloads differ too much for one call.
  (response as ServerResponse).writeHead(status, headers);
};

/** A whole answer of the door's own. HEAD gets everything but the body. */
export const answerWhole = (exchange: Exchange, status: number, contentType: string, body: string | Buffer): void => {
  const { response, answerHeaders, httpMethod } = exchange;
  if (response.headersSent || response.destroyed) return;
  writeHead(response, status, {
    ...answerHeaders,
    ...(contentType === "" ? {} : { "content-type": contentType }),
    "content-length": Buffer.byteLength(body),
  });
  (response as ServerResponse).end(httpMethod === "HEAD" ? undefined : body);
};

export const answerJson = (exchange: Exchange, status: number, body: unknown): void =>
  answerWhole(exchange, status, "application/json", JSON.stringify(body));

/** Statuses that say more than the error's kind. */
const statusOf = (error: AppError): number => {
  if (error.code === "request.body_too_large") return 413;
  if (error.code === "request.method_not_allowed") return 405;
  if (error.code === "rpc.unimplemented") return 404;
  if (error.code === "request.unsupported_media_type") return 415;
  return httpStatusOfKind(error.kind);
};

/** An error in the words of the caller's protocol. */
export const answerError = (exchange: Exchange, error: AppError): void => {
  const { protocol, answerHeaders, response, request } = exchange;
  exchange.slug = error.code;
  if (response.headersSent || response.destroyed) {
    response.destroy();
    return;
  }
  if (error.code === "request.body_too_large" && request.httpVersionMajor === 1) answerHeaders["connection"] = "close";
  if (error.kind === "unauthenticated") answerHeaders["www-authenticate"] = 'Bearer realm="tandem"';
  if (error.kind === "unavailable" && error.retryable) answerHeaders["retry-after"] ??= "1";
  const { connectError } = toConnectError(error);
  if (protocol === "rest" || protocol === "connect") {
    const body =
      protocol === "rest" ? envelopeOf(error, answerHeaders["x-trace-id"]) : errorToJson(connectError, undefined);
    answerJson(exchange, statusOf(error), body);
    return;
  }
  const status = new globalThis.Headers();
  setTrailerStatus(status, connectError);
  // "Trailers only": the status of an answer without messages stands in its head, in gRPC-Web as in gRPC.
  const type = protocol === "grpc" ? "application/grpc" : "application/grpc-web+proto";
  writeHead(response, 200, { ...answerHeaders, "content-type": type, ...Object.fromEntries(status) });
  (response as Http2ServerResponse).end();
};
