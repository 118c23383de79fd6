import type { ServiceTokenSource } from "@tandem/auth";
import { newId } from "@tandem/kernel";
import { currentContext, currentTraceparent } from "@tandem/runtime";
import { currentCallState } from "../call.ts";
import { CORRELATION_HEADER, SERVICE_AUTHORIZATION_HEADER } from "../headers.ts";

export interface IdentityOptions {
  readonly identity: "caller" | "service";
  readonly tokenSource: ServiceTokenSource | undefined;
}

/**
 * Who the call is from. "caller": the token of the call in progress goes on as `authorization`, the service's own beside it; without a call
 * in progress, or with "service", the service's own is the `authorization`. What the application set itself is left alone.
 */
export const setOutgoingHeaders = async (
  header: Headers,
  { identity, tokenSource }: IdentityOptions,
): Promise<"caller" | "service" | "none"> => {
  if (!header.has(CORRELATION_HEADER)) header.set(CORRELATION_HEADER, currentContext()?.correlationId ?? newId());
  const traceparent = currentTraceparent();
  if (traceparent !== undefined) header.set("traceparent", traceparent);
  if (header.has("authorization")) return "caller";
  const bearer = identity === "caller" ? currentCallState()?.bearer : undefined;
  if (bearer !== undefined) {
    header.set("authorization", `Bearer ${bearer}`);
    // It names the forwarding service and grants nothing: no outage of the issuer stops what the user may do.
    const own = await atMost(PATIENCE_MS, tokenSource?.token());
    if (own !== undefined) header.set(SERVICE_AUTHORIZATION_HEADER, `Bearer ${own}`);
    return "caller";
  }
  const own = await tokenSource?.token();
  if (own === undefined) return "none";
  header.set("authorization", `Bearer ${own}`);
  return "service";
};

const PATIENCE_MS = 250;

/** Undefined when it fails, or takes longer. */
const atMost = async (ms: number, token: Promise<string> | undefined): Promise<string | undefined> => {
  if (token === undefined) return undefined;
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<undefined>((resolve) => {
    timer = setTimeout(() => resolve(undefined), ms);
  });
  try {
    return await Promise.race([token.catch(() => undefined), late]);
  } finally {
    clearTimeout(timer);
  }
};
