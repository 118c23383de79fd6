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
 * is settled with the shared bucket every `syncMs`: what was taken here is subtracted there, and what is left there is all that is left here.
 * So N replicas together let through the rate, and beyond it at most (N - 1) x (burst + rate x syncMs) once, before they know of each other:
 * with two replicas and 500 ms a burst of twice its size, then the rate, not twice the rate. Callers below a tenth of the burst per exchange
 * are nobody else's business. The store being down, or losing a race against another replica, costs accuracy and never an answer.
 */
export const createSharedRateLimit = (options: SharedRateLimitOptions): SharedRateLimit => {
  const { store, log, syncMs = 500, now = Date.now } = options;
  const buckets = createTokenBuckets();
  const busy = new Map<string, Busy>();
  let syncing: Promise<void> | undefined;
  let complained = Number.NEGATIVE_INFINITY;

  const take = (key: string, rate: Rate): Allowance => {
    const allowance = buckets.take(key, rate, now());
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
    // A bounded debt: a caller who stops is free again soon.
    const tokens = Math.max(-rate.burst, Math.min(rate.burst, refilled) - taken);
    await store.set(key, { tokens, atMs: nowMs } satisfies Stored, {
      etag: stored?.etag ?? null,
      ttlSeconds: TTL_SECONDS,
      signal,
    });
    buckets.lower(key, tokens);
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
