import { AppError } from "@tandem/kernel";
import { type CacheEvent, type CacheLoaderOptions, createCacheLoader } from "@tandem/resilience";
import { manualClock } from "@tandem/testkit";
import { beforeEach, describe, expect, test } from "vitest";

const clock = manualClock();
let loads: string[];
let events: CacheEvent[];
let gate: PromiseWithResolvers<string | undefined>;
beforeEach(() => {
  loads = [];
  events = [];
  gate = Promise.withResolvers();
});
const make = (options: Partial<CacheLoaderOptions<string, string>> = {}) =>
  createCacheLoader<string, string>({
    load: async (key) => {
      loads.push(key);
      return `${key}${loads.length}`;
    },
    ttlMs: 10_000,
    jitter: 0,
    clock,
    onEvent: (event) => events.push(event),
    ...options,
  });
const gated = (options: Partial<CacheLoaderOptions<string, string>> = {}) => {
  const signals: AbortSignal[] = [];
  const cache = make({
    load: (key, signal) => {
      loads.push(key);
      signals.push(signal);
      return gate.promise;
    },
    ...options,
  });
  return { cache, signals };
};
const settled = () => new Promise((resolve) => setImmediate(resolve));

describe("values", () => {
  test("are loaded once and kept for their time", async () => {
    const cache = make();
    expect([await cache.get("a"), await cache.get("a")]).toEqual(["a1", "a1"]);
    clock.advance(9_999);
    expect(await cache.get("a")).toBe("a1");
    clock.advance(1);
    expect(await cache.get("a")).toBe("a2");
    expect(events).toEqual(["miss", "hit", "hit", "miss"]);
  });

  test("together larger than the bound push out what was asked for longest ago; one that is too large is not kept", async () => {
    const cache = make({ maxSize: 10, sizeOf: (value) => (value.startsWith("huge") ? 11 : 5) });
    for (const key of ["a", "b", "a", "c", "huge"]) await cache.get(key);
    expect(loads).toEqual(["a", "b", "c", "huge"]);
    expect(cache.size).toBe(2);
    await cache.get("a");
    await cache.get("b");
    expect(loads.slice(4)).toEqual(["b"]);
  });

  test("loaded together do not expire together", async () => {
    let dice = 0;
    const cache = make({ jitter: 0.5, random: () => (dice = 1 - dice) });
    await cache.get("late");
    await cache.get("soon"); // alternately the shortest and the longest life
    clock.advance(6_000);
    await cache.get("late");
    await cache.get("soon");
    expect(events.filter((event) => event === "hit")).toHaveLength(1);
  });

  test("beyond the bound push out the least recently used", async () => {
    const cache = make({ maxEntries: 2 });
    await cache.get("a");
    await cache.get("b");
    await cache.get("a");
    await cache.get("c");
    expect(cache.size).toBe(2);
    expect(await cache.get("a")).toBe("a1");
    expect(await cache.get("b")).toBe("b4");
  });
});

describe("absences", () => {
  test("are remembered, for a shorter while, so that missing ids do not hammer the source", async () => {
    const cache = make({ load: async (key) => void loads.push(key) as undefined, emptyTtlMs: 1_000 });
    for (let n = 0; n < 5; n++) expect(await cache.get("ghost")).toBeUndefined();
    expect(loads).toHaveLength(1);
    expect(events.at(-1)).toBe("empty_hit");
    clock.advance(1_000);
    await cache.get("ghost");
    expect(loads).toHaveLength(2);
  });

  test("may be values too", async () => {
    const cache = createCacheLoader<string, string[]>({
      load: async () => [],
      ttlMs: 10_000,
      emptyTtlMs: 10,
      jitter: 0,
      isEmpty: (list) => list.length === 0,
      clock,
      onEvent: (event) => events.push(event),
    });
    await cache.get("a");
    clock.advance(10);
    await cache.get("a");
    expect(events).toEqual(["miss", "miss"]);
  });

  test("are not remembered when that is turned off", async () => {
    const cache = make({ load: async (key) => void loads.push(key) as undefined, emptyTtlMs: 0 });
    await cache.get("ghost");
    await cache.get("ghost");
    expect(loads).toHaveLength(2);
  });
});

describe("one load at a time", () => {
  test("everybody who asks meanwhile shares it", async () => {
    const { cache } = gated();
    const asked = Promise.all(Array.from({ length: 50 }, () => cache.get("a")));
    await settled();
    gate.resolve("x");
    expect(new Set(await asked)).toEqual(new Set(["x"]));
    expect(loads).toEqual(["a"]);
  });

  test("an error reaches all who wait, and is not kept", async () => {
    const { cache } = gated();
    const asked = Promise.allSettled([cache.get("a"), cache.get("a")]);
    gate.reject(new Error("down"));
    expect((await asked).map(({ status }) => status)).toEqual(["rejected", "rejected"]);
    gate = Promise.withResolvers();
    gate.resolve("back");
    expect(await cache.get("a")).toBe("back");
  });

  test("a waiter who gives up does not cancel the others", async () => {
    const { cache, signals } = gated();
    const impatient = new AbortController();
    const one = cache.get("a", impatient.signal);
    const two = cache.get("a");
    await settled();
    impatient.abort(new Error("left"));
    await expect(one).rejects.toThrow("left");
    expect(signals[0]?.aborted).toBe(false);
    gate.resolve("x");
    expect(await two).toBe("x");
    expect(await cache.get("a")).toBe("x");
    expect(loads).toHaveLength(1);
  });

  test("once all have left the load is cancelled, and the next one starts afresh", async () => {
    const { cache, signals } = gated();
    const impatient = new AbortController();
    const asked = Promise.allSettled([cache.get("a", impatient.signal), cache.get("a", impatient.signal)]);
    await settled();
    impatient.abort();
    await asked;
    expect(signals[0]?.aborted).toBe(true);
    const again = cache.get("a");
    await settled();
    expect(loads).toHaveLength(2);
    gate.resolve("x");
    expect(await again).toBe("x");
  });

  test("a load that hangs ends at its timeout", async () => {
    const { cache } = gated({ loadTimeoutMs: 5 });
    await expect(cache.get("a")).rejects.toMatchObject({ code: "cache.load_timeout" });
  });
});

describe("invalidation", () => {
  test("drops the value", async () => {
    const cache = make();
    await cache.get("a");
    cache.invalidate("a");
    expect(await cache.get("a")).toBe("a2");
  });

  test("during a load: its result answers those who waited, but is not kept", async () => {
    const { cache } = gated();
    const before = cache.get("a");
    await settled();
    cache.invalidate("a");
    gate.resolve("old");
    expect(await before).toBe("old");
    gate = Promise.withResolvers();
    gate.resolve("new");
    expect(await cache.get("a")).toBe("new");
  });
});

describe("stale while revalidating", () => {
  test("an old value is served at once while one load refreshes it; a failed refresh leaves it", async () => {
    let fail = false;
    const cache = make({
      staleMs: 60_000,
      load: async (key) => {
        loads.push(key);
        if (fail) throw new AppError("unavailable", "test.down", "down");
        return `${key}${loads.length}`;
      },
    });
    await cache.get("a");
    clock.advance(10_001);
    fail = true;
    expect([await cache.get("a"), await cache.get("a")]).toEqual(["a1", "a1"]);
    await settled();
    expect(events).toContain("load_failed");
    fail = false;
    expect(await cache.get("a")).toBe("a1");
    await settled();
    expect(await cache.get("a")).toBe("a3");
    clock.advance(100_000);
    expect(await cache.get("a")).toBe("a4");
  });

  test("a waiter who leaves does not cancel a refresh", async () => {
    const { cache, signals } = gated({ staleMs: 1_000 });
    gate.resolve("old");
    await cache.get("a");
    gate = Promise.withResolvers();
    clock.advance(10_500);
    expect(await cache.get("a")).toBe("old"); // starts the refresh
    clock.advance(1_000); // too stale now: this one waits for it
    const impatient = new AbortController();
    const waiting = cache.get("a", impatient.signal);
    await settled();
    impatient.abort(new Error("left"));
    await expect(waiting).rejects.toThrow("left");
    expect(signals[1]?.aborted).toBe(false);
    gate.resolve("new");
    await settled();
    expect(await cache.get("a")).toBe("new");
  });
});
