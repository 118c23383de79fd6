import { AppError, type Clock, systemClock } from "@tandem/kernel";
import { LRUCache } from "lru-cache";
import { untilAborted } from "./wait.ts";

export type CacheEvent = "hit" | "empty_hit" | "stale_hit" | "miss" | "shared" | "load_failed";

export interface CacheLoaderOptions<K, V> {
  /** Loads one value; `undefined` means "there is none". The signal aborts on `loadTimeoutMs` or once every waiter has left. */
  readonly load: (key: K, signal: AbortSignal) => Promise<V | undefined>;
  /** How long a value is fresh. */
  readonly ttlMs: number;
  /** How long an absence (or a value for which `isEmpty` holds) is believed. Default a tenth of `ttlMs`. 0 turns it off. */
  readonly emptyTtlMs?: number;
  /** Values counted as absences besides `undefined`, e.g. an empty list. Default none. */
  readonly isEmpty?: (value: V) => boolean;
  /** After its TTL a value is still served for so long while one load refreshes it behind. Default 0: off. */
  readonly staleMs?: number;
  /** Share of the TTL by which it varies, 0 to 1, so that entries loaded together do not expire together. Default 0.1. */
  readonly jitter?: number;
  /** Least recently used entries beyond this are dropped. Default 10000. */
  readonly maxEntries?: number;
  /** Together no larger than this, by `sizeOf`; what is larger alone is not kept. Default: no bound but `maxEntries`. */
  readonly maxSize?: number;
  /** Of a value, in the unit of `maxSize`, at least 1. Default 1. */
  readonly sizeOf?: (value: V) => number;
  /** A load takes no longer than this. Default 10000. */
  readonly loadTimeoutMs?: number;
  /** Default `String`. */
  readonly keyOf?: (key: K) => string;
  readonly clock?: Clock;
  readonly random?: () => number;
  /** For metrics. */
  readonly onEvent?: (event: CacheEvent, key: K) => void;
}

export interface CacheLoader<K, V> {
  /**
   * The cached value, or one load shared by everybody who asks meanwhile. Aborting `signal` ends this wait only.
   * @throws whatever `load` throws (never cached); AppError deadline_exceeded `cache.load_timeout`
   */
  get(key: K, signal?: AbortSignal): Promise<V | undefined>;
  /** Forgets the key; a load in flight still answers its waiters but is not kept. */
  invalidate(key: K): void;
  clear(): void;
  readonly size: number;
}

interface Entry<V> {
  readonly value: V | undefined;
  readonly empty: boolean;
  readonly freshUntilMs: number;
  readonly staleUntilMs: number;
}
interface Flight<V> {
  readonly promise: Promise<V | undefined>;
  readonly controller: AbortController;
  waiters: number;
}

/** A read-through cache: one load per key at a time, absences remembered for a short while, expiry spread out. */
export const createCacheLoader = <K, V>(options: CacheLoaderOptions<K, V>): CacheLoader<K, V> => {
  const { load, ttlMs, emptyTtlMs = ttlMs / 10, staleMs = 0, jitter = 0.1, loadTimeoutMs = 10_000 } = options;
  const { keyOf = String, clock = systemClock, random = Math.random, onEvent, isEmpty = () => false } = options;
  const { maxSize, sizeOf = () => 1 } = options;
  const entries = new LRUCache<string, Entry<V>>({
    max: options.maxEntries ?? 10_000,
    ...(maxSize === undefined
      ? {}
      : { maxSize, sizeCalculation: ({ value }) => (value === undefined ? 1 : sizeOf(value)) }),
  });
  const flights = new Map<string, Flight<V>>();

  const keep = (id: string, value: V | undefined) => {
    const empty = value === undefined || isEmpty(value);
    const lifeMs = (empty ? emptyTtlMs : ttlMs) * (1 - jitter * random());
    if (lifeMs <= 0) return;
    const freshUntilMs = clock.now().getTime() + lifeMs;
    entries.set(id, { value, empty, freshUntilMs, staleUntilMs: freshUntilMs + (empty ? 0 : staleMs) });
  };

  const launch = (key: K, id: string): Flight<V> => {
    const controller = new AbortController();
    const timer = setTimeout(
      () =>
        controller.abort(new AppError("deadline_exceeded", "cache.load_timeout", `Load took over ${loadTimeoutMs} ms`)),
      loadTimeoutMs,
    );
    const run = async () => {
      try {
        const value = await untilAborted(load(key, controller.signal), controller.signal);
        // Only the flight still registered may keep its result: an invalidation has removed it.
        if (flights.get(id) === flight) keep(id, value);
        return value;
      } catch (error) {
        onEvent?.("load_failed", key);
        throw error;
      } finally {
        clearTimeout(timer);
        if (flights.get(id) === flight) flights.delete(id);
      }
    };
    // Deferred by a microtask so that `flight` exists before a load that settles at once looks for it.
    const flight: Flight<V> = { promise: Promise.resolve().then(run), controller, waiters: 0 };
    flight.promise.catch(() => {}); // a refresh behind a stale value has no waiter to tell
    flights.set(id, flight);
    return flight;
  };

  const join = async (flight: Flight<V>, id: string, signal?: AbortSignal): Promise<V | undefined> => {
    flight.waiters++;
    try {
      return await untilAborted(flight.promise, signal);
    } finally {
      if (--flight.waiters === 0 && signal?.aborted && flights.get(id) === flight) {
        flights.delete(id);
        flight.controller.abort(signal.reason);
      }
    }
  };

  return {
    async get(key, signal) {
      signal?.throwIfAborted();
      const id = keyOf(key);
      const entry = entries.get(id);
      const nowMs = clock.now().getTime();
      if (entry && nowMs < entry.freshUntilMs) {
        onEvent?.(entry.empty ? "empty_hit" : "hit", key);
        return entry.value;
      }
      const current = flights.get(id);
      if (entry && nowMs < entry.staleUntilMs) {
        onEvent?.("stale_hit", key);
        // An uncounted waiter: a reader who joins and leaves must not cancel the refresh.
        if (!current) launch(key, id).waiters++;
        return entry.value;
      }
      onEvent?.(current ? "shared" : "miss", key);
      return join(current ?? launch(key, id), id, signal);
    },
    invalidate(key) {
      const id = keyOf(key);
      entries.delete(id);
      flights.delete(id);
    },
    clear() {
      entries.clear();
      flights.clear();
    },
    get size() {
      return entries.size;
    },
  };
};
