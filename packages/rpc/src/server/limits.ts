import { defaultRateLimits, type RateLimits } from "../chain/limit-rate.ts";

export interface RpcLimits {
  /** Largest request message, bytes, after decompression. Default 1 MiB. */
  readonly bodyBytes?: number;
  /** Deadline of calls that bring none. Default 10 000. */
  readonly defaultDeadlineMs?: number;
  /** Longer timeouts are cut to it. Default 60 000. */
  readonly maxDeadlineMs?: number;
  /** Time for a request's headers to arrive. Default 10 000. */
  readonly headersTimeoutMs?: number;
  /** Time for a whole request, body included, to arrive. Default 30 000. */
  readonly requestTimeoutMs?: number;
  /** How long an idle HTTP/1.1 connection is kept. Default 75 000: longer than the usual load balancer's 60 s, or it would reuse a closed one. */
  readonly keepAliveTimeoutMs?: number;
  /** Streams at once per HTTP/2 connection. Default 250. */
  readonly maxConcurrentStreams?: number;
  /** An HTTP/2 connection gets GOAWAY at this age, give or take a tenth, so that callers spread over new pods. Default 600 000. */
  readonly maxConnectionAgeMs?: number;
  /** Per caller. False: no limit. */
  readonly rates?: Partial<RateLimits> | false;
  /** Proxies in front whose `X-Forwarded-For` may be believed; the address counted from the right. Default 0: the socket's address. */
  readonly trustedProxies?: number;
  /**
   * App ids of gateways. Of these, `x-tandem-client-address` is believed, and the rate of anonymous callers is their business: here they would
   * all share the sidecar's address. Who reaches the port without a sidecar can claim to be one: let only sidecars reach it. Default none.
   */
  readonly trustedDoors?: readonly string[];
  /** How long past its deadline an execution that does not end holds its `Idempotency-Key`. Default 30 000. */
  readonly idempotencyGraceMs?: number;
}

export type EffectiveLimits = Required<Omit<RpcLimits, "rates">> & { readonly rates: RateLimits | false };

export const effectiveLimits = (given: RpcLimits = {}): EffectiveLimits => {
  return {
    bodyBytes: given.bodyBytes ?? 1_048_576,
    defaultDeadlineMs: given.defaultDeadlineMs ?? 10_000,
    maxDeadlineMs: given.maxDeadlineMs ?? 60_000,
    headersTimeoutMs: given.headersTimeoutMs ?? 10_000,
    requestTimeoutMs: given.requestTimeoutMs ?? 30_000,
    keepAliveTimeoutMs: given.keepAliveTimeoutMs ?? 75_000,
    maxConcurrentStreams: given.maxConcurrentStreams ?? 250,
    maxConnectionAgeMs: given.maxConnectionAgeMs ?? 600_000,
    rates: given.rates === false ? false : { ...defaultRateLimits, ...given.rates },
    trustedProxies: given.trustedProxies ?? 0,
    trustedDoors: given.trustedDoors ?? [],
    idempotencyGraceMs: given.idempotencyGraceMs ?? 30_000,
  };
};
