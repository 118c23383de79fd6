import { afterEach, describe, expect, it, vi } from "vitest";
import { isId, newId } from "../src/index.ts";

afterEach(() => {
  vi.useRealTimers();
});

describe("newId", () => {
  it("is a UUID of version 7 and of the RFC's variant", () => {
    for (let count = 0; count < 1000; count += 1) {
      expect(newId()).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
    }
  });

  it("grows with every call, also far beyond one counter's range within a millisecond", () => {
    vi.useFakeTimers({ now: Date.now() + 60_000 });
    let last = newId();
    for (let count = 0; count < 50_000; count += 1) {
      const next = newId();
      if (next <= last) expect.fail(`${next} after ${last}`);
      last = next;
    }
    expect(isId(last)).toBe(true);
  });

  it("grows while the clock goes back", () => {
    vi.useFakeTimers({ now: Date.now() + 120_000 });
    const before = newId();
    vi.setSystemTime(Date.now() - 3_600_000);
    expect(newId() > before).toBe(true);
  });

  it("carries the time in its first 48 bits", () => {
    const now = Date.UTC(2040, 0, 1);
    vi.useFakeTimers({ now });
    expect(Number.parseInt(newId().replace("-", "").slice(0, 12), 16)).toBe(now);
  });

  it("does not repeat", () => {
    const ids = new Set(Array.from({ length: 20_000 }, newId));
    expect(ids.size).toBe(20_000);
  });
});

describe("isId", () => {
  it.each(["0192f0c1-2345-7abc-8def-0123456789ab", "0192F0C1-2345-7ABC-8DEF-0123456789AB"])("takes %s", (text) => {
    expect(isId(text)).toBe(true);
  });

  it.each([
    "",
    "1",
    "0192f0c123457abc8def0123456789ab",
    "{0192f0c1-2345-7abc-8def-0123456789ab}",
    "0192f0c1-2345-7abc-8def-0123456789ab\n",
  ])("refuses %j", (text) => {
    expect(isId(text)).toBe(false);
  });
});
