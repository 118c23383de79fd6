import type { IncomingHttpHeaders } from "node:http";

export type HeaderPairs = readonly (readonly [name: string, value: string])[];

export interface Cors {
  /** For every answer. */
  headersFor(headers: IncomingHttpHeaders): HeaderPairs;
  /** The answer to a preflight; undefined when it is none. An origin that may not gets an answer without permission. */
  preflight(httpMethod: string, headers: IncomingHttpHeaders): HeaderPairs | undefined;
}

const METHODS = "GET, HEAD, POST, PUT, PATCH, DELETE";
const REQUEST_HEADERS = [
  "authorization",
  "content-type",
  "idempotency-key",
  "if-match",
  "prefer",
  "request-timeout",
  "x-correlation-id",
  "connect-protocol-version",
  "connect-timeout-ms",
  "grpc-timeout",
  "x-grpc-web",
  "x-user-agent",
].join(", ");
const EXPOSED = [
  "etag",
  "grpc-message",
  "grpc-status",
  "grpc-status-details-bin",
  "idempotency-replayed",
  "location",
  "ratelimit-limit",
  "ratelimit-remaining",
  "ratelimit-reset",
  "retry-after",
  "x-correlation-id",
  "x-trace-id",
].join(", ");

/** Cross-origin calls of the browsers of named origins. Tokens travel in a header, so credentials are never allowed. */
export const createCors = (origins: readonly string[]): Cors => {
  const allowed = new Set(origins);
  // Caches must not give one origin's answer to another, once there is more than none.
  const vary: HeaderPairs = allowed.size > 0 ? [["vary", "origin"]] : [];
  const originOf = ({ origin }: IncomingHttpHeaders) =>
    typeof origin === "string" && allowed.has(origin) ? origin : undefined;
  return {
    headersFor: (headers) => {
      const origin = originOf(headers);
      if (origin === undefined) return vary;
      return [["access-control-allow-origin", origin], ["access-control-expose-headers", EXPOSED], ...vary];
    },
    preflight: (httpMethod, headers) => {
      if (httpMethod !== "OPTIONS" || !headers.origin || !headers["access-control-request-method"]) return undefined;
      const origin = originOf(headers);
      if (origin === undefined) return vary;
      return [
        ["access-control-allow-origin", origin],
        ["access-control-allow-methods", METHODS],
        ["access-control-allow-headers", REQUEST_HEADERS],
        ["access-control-max-age", "600"],
        ...vary,
      ];
    },
  };
};
