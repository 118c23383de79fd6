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
  const own = await tokenSource?.token();
  const bearer = identity === "caller" ? currentCallState()?.bearer : undefined;
  if (bearer !== undefined) {
    header.set("authorization", `Bearer ${bearer}`);
    if (own !== undefined) header.set(SERVICE_AUTHORIZATION_HEADER, `Bearer ${own}`);
    return "caller";
  }
  if (own === undefined) return "none";
  header.set("authorization", `Bearer ${own}`);
  return "service";
};
