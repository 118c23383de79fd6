import type { IncomingHttpHeaders } from "node:http";
import { CORRELATION_HEADER, SERVICE_AUTHORIZATION_HEADER } from "@tandem/rpc";
import { CALLER_APP_HEADER, CLIENT_ADDRESS_HEADER } from "@tandem/rpc/door";

/** Of one hop only: RFC 9110, 7.6.1. Whatever `Connection` names is one of them too. */
const HOP_BY_HOP: ReadonlySet<string> = new Set([
  "connection",
  "keep-alive",
  "proxy-authenticate",
  "proxy-authorization",
  "proxy-connection",
  "te",
  "trailer",
  "transfer-encoding",
  "upgrade",
  "http2-settings",
  "expect",
]);

/** What only the platform may say of a request. */
const INTERNAL =
  /^(?:dapr-|x-forwarded-|x-tandem-|x-envoy-|x-real-ip$|x-client-ip$|true-client-ip$|forwarded$|via$|tracestate$|baggage$)/;
/** What the door sets itself, or what is about its own connection. */
const REPLACED: ReadonlySet<string> = new Set(["host", "content-length", "traceparent", CORRELATION_HEADER]);

const namedByConnection = (connection: string | undefined): readonly string[] =>
  connection === undefined ? [] : connection.split(",").map((name) => name.trim().toLowerCase());

export interface OutgoingFacts {
  readonly appId: string;
  readonly callerAppId: string;
  readonly viaSidecar: boolean;
  readonly clientAddress: string;
  readonly correlationId: string;
  readonly traceparent: string | undefined;
  readonly host: string;
  readonly secure: boolean;
  readonly daprApiToken: string | undefined;
  /** The gateway's own token. */
  readonly serviceToken: string | undefined;
}

/** The caller's headers without those of one hop and those that only we may send, and ours. */
export const outgoingHeaders = (
  incoming: IncomingHttpHeaders,
  facts: OutgoingFacts,
): Record<string, string | string[]> => {
  const dropped = namedByConnection(incoming.connection);
  const headers: Record<string, string | string[]> = {};
  for (const name in incoming) {
    const value = incoming[name];
    if (value === undefined || name.startsWith(":") || HOP_BY_HOP.has(name) || REPLACED.has(name)) continue;
    if (INTERNAL.test(name) || dropped.includes(name)) continue;
    headers[name] = value;
  }
  headers["x-forwarded-for"] = facts.clientAddress;
  headers["x-forwarded-proto"] = facts.secure ? "https" : "http";
  headers["x-forwarded-host"] = facts.host;
  headers[CLIENT_ADDRESS_HEADER] = facts.clientAddress;
  headers[CORRELATION_HEADER] = facts.correlationId;
  if (facts.traceparent !== undefined) headers["traceparent"] = facts.traceparent;
  if (facts.serviceToken !== undefined) headers[SERVICE_AUTHORIZATION_HEADER] = `Bearer ${facts.serviceToken}`;
  if (facts.viaSidecar) {
    headers["dapr-app-id"] = facts.appId;
    if (facts.daprApiToken !== undefined) headers["dapr-api-token"] = facts.daprApiToken;
  } else headers[CALLER_APP_HEADER] = facts.callerAppId;
  return headers;
};

const NOT_RETURNED: ReadonlySet<string> = new Set(["server", "x-powered-by", "access-control-allow-origin"]);

/** What of an answer's headers goes back to the caller. */
export const returnedHeaders = (incoming: IncomingHttpHeaders): Record<string, string | string[]> => {
  const dropped = namedByConnection(incoming.connection);
  const headers: Record<string, string | string[]> = {};
  for (const name in incoming) {
    const value = incoming[name];
    if (value === undefined || HOP_BY_HOP.has(name) || NOT_RETURNED.has(name) || dropped.includes(name)) continue;
    if (name.startsWith("dapr-") || name.startsWith("x-tandem-")) continue;
    headers[name] = value;
  }
  return headers;
};
