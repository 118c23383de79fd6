import type { DescMethod } from "@bufbuild/protobuf";
import { MethodOptions_IdempotencyLevel as Level } from "@bufbuild/protobuf/wkt";
import { ConnectError, type ContextValues, type Interceptor } from "@connectrpc/connect";
import { AppError } from "@tandem/kernel";
import { callStateOf, edgeKey } from "../call.ts";
import { toConnectError } from "../errors/to-connect-error.ts";
import { createTokenBuckets } from "../server/token-bucket.ts";
import type { Identify, Identity } from "./identify.ts";

export interface Rate {
  /** Calls per second, sustained. */
  readonly perSecond: number;
  /** Calls at once, after a pause. */
  readonly burst: number;
}

export interface RateLimits {
  /** Per user, for methods without side effects. Default 200/s, burst 400. */
  readonly read: Rate;
  /** Per user, for all others. Default 50/s, burst 100. */
  readonly write: Rate;
  /** Per address, for callers without a valid token (a bad one included). Default 20/s, burst 40. Not for calls that came through a trusted door. */
  readonly anonymous: Rate;
  /** Per service that calls for itself. Default 5 000/s, burst 10 000. */
  readonly service: Rate;
}

export const defaultRateLimits: RateLimits = {
  read: { perSecond: 200, burst: 400 },
  write: { perSecond: 50, burst: 100 },
  anonymous: { perSecond: 20, burst: 40 },
  service: { perSecond: 5_000, burst: 10_000 },
};

interface Decision {
  readonly allowed: boolean;
  readonly headers: readonly (readonly [name: string, value: string])[];
}

export interface RateLimiter {
  /** Takes one call from the caller's bucket; asked again for the same call, it repeats its answer. */
  decide(identity: Identity, method: DescMethod, values: ContextValues): Decision;
  readonly interceptor: Interceptor;
}

/**
 * 6. Token bucket per caller and class of method, per process. A caller is a verified principal; whoever is not one shares the bucket of
 * the address, so that made-up tokens buy nothing. Answers carry `RateLimit-*`, refusals `Retry-After`.
 */
export const createRateLimiter = (limits: RateLimits, identify: Identify): RateLimiter => {
  const buckets = createTokenBuckets();
  const decided = new WeakMap<ContextValues, Decision>();

  const take = (identity: Identity, method: DescMethod, values: ContextValues): Decision => {
    const bucket = bucketOf(limits, identity, method, values);
    if (bucket === undefined) return { allowed: true, headers: [] };
    const { key, rate } = bucket;
    const { allowed, remaining, resetMs } = buckets.take(key, rate, performance.now());
    const seconds = Math.ceil(resetMs / 1000);
    return {
      allowed,
      headers: [
        ["ratelimit-limit", String(rate.burst)],
        ["ratelimit-remaining", String(remaining)],
        ["ratelimit-reset", String(seconds)],
        ...(allowed ? [] : [["retry-after", String(Math.max(1, seconds))] as const]),
      ],
    };
  };
  const decide = (identity: Identity, method: DescMethod, values: ContextValues): Decision => {
    const decision = decided.get(values) ?? take(identity, method, values);
    decided.set(values, decision);
    return decision;
  };

  const interceptor: Interceptor = (next) => async (req) => {
    const { allowed, headers } = decide(await identify(req.header, req.contextValues), req.method, req.contextValues);
    const stamp = (to: Headers): void => {
      for (const [name, value] of headers) to.set(name, value);
    };
    try {
      if (!allowed) {
        const refused = new AppError(
          "resource_exhausted",
          "rpc.rate_limited",
          "Too many calls; wait for the time in Retry-After.",
        );
        const { connectError, failure } = toConnectError(refused);
        callStateOf(req.contextValues).failure = failure;
        throw connectError;
      }
      const response = await next(req);
      stamp(response.header);
      return response;
    } catch (error) {
      if (error instanceof ConnectError) stamp(error.metadata);
      throw error;
    }
  };
  return { decide, interceptor };
};

const bucketOf = (
  limits: RateLimits,
  identity: Identity,
  method: DescMethod,
  values: ContextValues,
): { readonly key: string; readonly rate: Rate } | undefined => {
  if (!identity.ok || identity.principal.kind === "anonymous") {
    const edge = values.get(edgeKey);
    return edge?.viaDoor === true ? undefined : { key: `address:${edge?.peer ?? ""}`, rate: limits.anonymous };
  }
  const { kind, subject } = identity.principal;
  if (kind === "service") return { key: `service:${subject}`, rate: limits.service };
  const reads = method.idempotency === Level.NO_SIDE_EFFECTS;
  return { key: `user:${reads ? "read" : "write"}:${subject}`, rate: reads ? limits.read : limits.write };
};
