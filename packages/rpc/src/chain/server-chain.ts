import type { Interceptor } from "@connectrpc/connect";
import type { Authenticator } from "@tandem/auth";
import type { Logger, Metrics, Telemetry } from "@tandem/runtime";
import { authenticate } from "./authenticate.ts";
import { enforceDeadline } from "./enforce-deadline.ts";
import { createIdentify, type Identify } from "./identify.ts";
import { createRateLimiter, type RateLimiter, type RateLimits } from "./limit-rate.ts";
import { logCalls } from "./log-calls.ts";
import { mapErrors } from "./map-errors.ts";
import { type CallMetrics, createCallMetrics } from "./measure-calls.ts";
import { type DeadlineLimits, openCall } from "./open-call.ts";
import { recover } from "./recover.ts";
import { traceCalls } from "./trace-calls.ts";
import { createRequestValidation } from "./validate-requests.ts";

export interface ServerChainOptions extends DeadlineLimits {
  readonly authenticator: Authenticator;
  readonly telemetry: Pick<Telemetry, "tracer">;
  readonly metrics: Metrics;
  readonly log: Logger;
  readonly rates: RateLimits | false;
  readonly slowMs?: number;
}

export interface ServerChain {
  /** The eight in their order, then what guards the handler: deadline and request validation. */
  readonly interceptors: Interceptor[];
  readonly identify: Identify;
  readonly rateLimiter: RateLimiter | undefined;
  readonly metrics: CallMetrics;
}

/** The names of the eight, in order; the test compares. */
export const CHAIN_ORDER = [
  "trace",
  "correlation",
  "log",
  "recover",
  "measure",
  "rate-limit",
  "auth",
  "map-errors",
] as const;

export const createServerChain = (options: ServerChainOptions): ServerChain => {
  const identify = createIdentify(options.authenticator);
  const rateLimiter = options.rates === false ? undefined : createRateLimiter(options.rates, identify);
  const metrics = createCallMetrics(options.metrics);
  const eight: Record<(typeof CHAIN_ORDER)[number], Interceptor> = {
    trace: traceCalls(options.telemetry),
    correlation: openCall(options),
    log: logCalls(options.log, options.slowMs),
    recover,
    measure: metrics.interceptor,
    "rate-limit": rateLimiter?.interceptor ?? ((next) => next),
    auth: authenticate(identify),
    "map-errors": mapErrors,
  };
  return {
    interceptors: [...CHAIN_ORDER.map((name) => eight[name]), enforceDeadline, createRequestValidation()],
    identify,
    rateLimiter,
    metrics,
  };
};
