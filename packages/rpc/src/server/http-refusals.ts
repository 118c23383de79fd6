import type { Socket } from "node:net";
import { AppError } from "@tandem/kernel";
import { envelopeOf } from "./rest-envelope.ts";

/** Host as browsers and clients send it: a name or an address, perhaps with a port. */
export const isPlainHost = (host: string | undefined): boolean =>
  host !== undefined && /^(\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9._-]+)(:\d{1,5})?$/.test(host);

const refusals: Readonly<Record<string, readonly [line: string, error: AppError]>> = {
  ERR_HTTP_REQUEST_TIMEOUT: [
    "408 Request Timeout",
    new AppError("deadline_exceeded", "request.too_slow", "The request did not arrive in time."),
  ],
  HPE_HEADER_OVERFLOW: [
    "431 Request Header Fields Too Large",
    new AppError("resource_exhausted", "request.headers_too_large", "The headers are too large.", { retryable: false }),
  ],
};
const malformed = [
  "400 Bad Request",
  new AppError("invalid_argument", "request.malformed", "This is not valid HTTP."),
] as const;

/** Answers what Node's parser gave up on. The connection closes: nobody knows where the next request would begin. */
export const answerBadRequest = (error: { readonly code?: string }, socket: Socket): void => {
  if (error.code === "ECONNRESET" || socket.destroyed || !socket.writable) {
    socket.destroy();
    return;
  }
  const [line, refusal] = refusals[error.code ?? ""] ?? malformed;
  const body = JSON.stringify(envelopeOf(refusal));
  socket.end(
    `HTTP/1.1 ${line}\r\ncontent-type: application/json\r\ncontent-length: ${Buffer.byteLength(body)}\r\nconnection: close\r\n\r\n${body}`,
    () => socket.destroy(),
  );
};
