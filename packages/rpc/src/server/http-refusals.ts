import type { Socket } from "node:net";
import { errorToJson } from "@connectrpc/connect/protocol-connect";
import { AppError } from "@tandem/kernel";
import type { Protocol } from "../call.ts";
import { toConnectError } from "../errors/to-connect-error.ts";
import { envelopeOf } from "./rest-envelope.ts";

/** What the HTTP server itself answers, before any interceptor. */
export interface Refusal {
  readonly status: number;
  readonly error: AppError;
}

const final = { retryable: false } as const;
const malformed = (rule: string, message: string): AppError =>
  new AppError("invalid_argument", "request.malformed", message, { details: [{ rule, message }] });

export const refusals = {
  shuttingDown: {
    status: 503,
    error: new AppError("unavailable", "rpc.shutting_down", "The server is shutting down."),
  },
  malformedAddress: { status: 400, error: malformed("malformed_address", "The Host header or the path is malformed.") },
  malformedUrl: { status: 400, error: malformed("malformed_url", "The path is malformed.") },
  malformedHttp: { status: 400, error: malformed("malformed_http", "This is not valid HTTP.") },
  tooSlow: {
    status: 408,
    error: new AppError("deadline_exceeded", "request.too_slow", "The request did not arrive in time."),
  },
  headersTooLarge: {
    status: 431,
    error: new AppError("resource_exhausted", "request.headers_too_large", "The headers are too large.", final),
  },
  failed: {
    status: 500,
    error: new AppError("internal", "rpc.internal", "The server failed to answer this call."),
  },
} as const satisfies Record<string, Refusal>;

/** Connect's specification says "unimplemented" of a procedure that is not there. */
export const procedureNotFound: Refusal = {
  status: 404,
  error: new AppError("unimplemented", "rpc.unimplemented", "There is no such procedure."),
};

export const routeNotFound = (method: string, url: string): Refusal => ({
  status: 404,
  error: new AppError(
    "not_found",
    "request.route_not_found",
    `There is no ${method} ${url.split("?", 1)[0]?.slice(0, 200)}.`,
  ),
});

export const bodyTooLarge = (bytes: number): Refusal => ({
  status: 413,
  error: new AppError("resource_exhausted", "request.body_too_large", `The body is over ${bytes} bytes.`, final),
});

/** The refusal's body: an error as Connect clients read it, or the REST envelope. */
export const bodyOf = ({ error }: Refusal, protocol: Protocol): string =>
  JSON.stringify(
    protocol === "connect" ? errorToJson(toConnectError(error).connectError, undefined) : envelopeOf(error),
  );

/**
 * Whether host and path make a URL. Connect's adapters build one outside of any `try`: on HTTP/2 `:authority: a:99999` would end the process, on
 * HTTP/1.1 the request would never be answered.
 */
export const isPlainAddress = (host: string | undefined, path: string | undefined): boolean =>
  host !== undefined && /^[A-Za-z0-9._:[\]-]+$/.test(host) && URL.canParse(path ?? "", `http://${host}`);

const ofParser: Readonly<Record<string, readonly [line: string, refusal: Refusal]>> = {
  ERR_HTTP_REQUEST_TIMEOUT: ["408 Request Timeout", refusals.tooSlow],
  HPE_HEADER_OVERFLOW: ["431 Request Header Fields Too Large", refusals.headersTooLarge],
};

/** Answers what Node's parser gave up on. The connection closes: nobody knows where the next request would begin. */
export const answerBadRequest = (error: { readonly code?: string }, socket: Socket): void => {
  if (error.code === "ECONNRESET" || socket.destroyed || !socket.writable) {
    socket.destroy();
    return;
  }
  const [line, refusal] = ofParser[error.code ?? ""] ?? (["400 Bad Request", refusals.malformedHttp] as const);
  const body = JSON.stringify(envelopeOf(refusal.error));
  const head = `HTTP/1.1 ${line}\r\ncontent-type: application/json\r\ncontent-length: ${Buffer.byteLength(body)}\r\nconnection: close`;
  socket.end(`${head}\r\n\r\n${body}`, () => socket.destroy());
};
