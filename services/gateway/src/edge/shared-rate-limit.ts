import type { StateStore } from "@tandem/dapr";
import { type Allowance, createTokenBuckets } from "@tandem/rpc/door";
import type { Logger } from "@tandem/runtime";

export interface Rate {
  readonly perSecond: number;
  readonly burst: number;
}

export interface SharedRateLimit extends AsyncDisposable {
  /** Never waits: the answer is local, what replicas took meanwhile is known within `syncMs`. */
  take(key: string, rate: Rate): Allowance;
  /** One exchange with the other replicas. */
  sync(): Promise<void>;
}

export interface SharedRateLimitOptions {
  /** Absent: every replica limits for itself. */
  readonly store?: Pick<StateStore, "get" | "set">;
  readonly log: Pick<Logger, "warn">;
  /** Between two exchanges. Default 500. */
  readonly syncMs?: number;
  readonly now?: () => number;
}

interface Busy {
  readonly rate: Rate;
  /** Allowed here since the last exchange. */
  taken: number;
}

interface Stored {
  readonly tokens: number;
  readonly atMs: number;
}

/** Below this share of its burst within one exchange's time, a caller is nobody's business but this replica's. */
const QUIET_SHARE = 0.1;
const TTL_SECONDS = 120;
const MAX_SYNCED_KEYS = 256;

/**
 * Token buckets per key, shared by all replicas through a state store, without a round trip in any call.
 *
 * Each replica decides by buckets in its memory, at the full rate. A key that took more than a tenth of its burst since the last exchange
 * is settled with the shared bucket every `syncMs`: what was taken here is subtracted there, and what is left there bounds what is left here.
 * So with N replicas a caller gets at most `rate + (N - 1) * (rate * syncMs + burst / 10)` before all of them know: at the default 500 ms and
 * two replicas a burst of up to twice the burst, and from then on the rate, not N times the rate. The store being down, or losing a race
 * against another replica, costs accuracy and never an answer: each replica goes on with its own.
 */
export const createSharedRateLimit = (options: SharedRateLimitOptions): SharedRateLimit => {
  const { store, log, syncMs = 500, now = Date.now } = options;
  const buckets = createTokenBuckets();
  const busy = new Map<string, Busy>();
  /** Until when a key is closed because others used it up. */
  const closed = new Map<string, number>();
  let syncing: Promise<void> | undefined;
  let complained = Number.NEGATIVE_INFINITY;

  const take = (key: string, rate: Rate): Allowance => {
    const nowMs = now();
    const until = closed.get(key);
    if (until !== undefined && nowMs < until) return { allowed: false, remaining: 0, resetMs: until - nowMs };
    if (until !== undefined) closed.delete(key);
    const allowance = buckets.take(key, rate, nowMs);
    if (store !== undefined && allowance.allowed) {
      const known = busy.get(key);
      if (known === undefined) busy.set(key, { rate, taken: 1 });
      else known.taken += 1;
    }
    return allowance;
  };

  const settle = async (key: string, { rate, taken }: Busy): Promise<void> => {
    if (store === undefined) return;
    const signal = AbortSignal.timeout(2_000);
    const stored = await store.get<Stored>(key, signal);
    const nowMs = now();
    const before = stored?.value ?? { tokens: rate.burst, atMs: nowMs };
    const refilled = before.tokens + (Math.max(0, nowMs - before.atMs) * rate.perSecond) / 1000;
    // Not below one exchange's worth of debt: a caller who stops is free again soon.
    const tokens = Math.max(-rate.perSecond, Math.min(rate.burst, refilled) - taken);
    await store.set(key, { tokens, atMs: nowMs } satisfies Stored, {
      etag: stored?.etag ?? null,
      ttlSeconds: TTL_SECONDS,
      signal,
    });
    if (tokens < 1) closed.set(key, nowMs + Math.ceil(((1 - tokens) * 1000) / rate.perSecond));
  };

  const exchange = async (): Promise<void> => {
    const noticed = [...busy].filter(([, { rate, taken }]) => taken > rate.burst * QUIET_SHARE);
    busy.clear();
    const outcomes = await Promise.allSettled(noticed.slice(0, MAX_SYNCED_KEYS).map(([key, one]) => settle(key, one)));
    for (const [at, outcome] of outcomes.entries()) {
      if (outcome.status === "fulfilled") continue;
      // Taken all the same: it counts in the next exchange.
      const [key, one] = noticed[at] as [string, Busy];
      const again = busy.get(key);
      if (again === undefined) busy.set(key, one);
      else again.taken += one.taken;
      if (now() - complained < 60_000) continue;
      complained = now();
      log.warn({ err: outcome.reason }, "rates are not shared now: this replica limits for itself");
    }
    for (const [key, until] of closed) if (until < now()) closed.delete(key);
  };
  const sync = (): Promise<void> => {
    syncing ??= exchange().finally(() => {
      syncing = undefined;
    });
    return syncing;
  };

  const timer = store === undefined ? undefined : setInterval(() => void sync(), syncMs);
  timer?.unref();
  return {
    take,
    sync,
    [Symbol.asyncDispose]: async () => {
      clearInterval(timer);
      await syncing;
    },
  };
};
