import { createAdaptiveLimit } from "@tandem/resilience";
import fc from "fast-check";
import { describe, expect, it } from "vitest";

/** A limit on a clock of its own. */
const make = (options: { readonly min?: number; readonly max?: number } = {}) => {
  let ms = 0;
  const limits: number[] = [];
  const limit = createAdaptiveLimit({
    min: 4,
    max: 100,
    slowMs: 1_000,
    forgetMs: 10_000,
    ...options,
    now: () => ms,
    onLimit: (now) => limits.push(now),
  });
  const enter = (count: number, share?: number) =>
    Array.from({ length: count }, () => limit.enter(share)).filter((leave) => leave !== undefined);
  return {
    limit,
    limits,
    enter,
    pass: (by: number) => {
      ms += by;
    },
    /** So many calls at once, each of which takes so long. @returns how many were let in */
    round: (count: number, tookMs: number, answered = true) => {
      const admitted = enter(count);
      ms += tookMs;
      for (const leave of admitted) leave(answered);
      return admitted.length;
    },
  };
};

describe("an adaptive limit", () => {
  it("lets in as many as it was told to, and each place is free again once", () => {
    const { limit, enter } = make({ max: 5 });
    const inside = enter(7);
    expect(inside).toHaveLength(5);
    expect(limit.inFlight).toBe(5);
    inside[0]?.();
    inside[0]?.();
    expect(limit.inFlight).toBe(4);
    expect(enter(7)).toHaveLength(1);
  });

  it("takes a quarter off what was in progress when calls are slow, once per round trip", () => {
    const { limit, limits, round } = make();
    expect(round(40, 1_001)).toBe(40);
    expect(limit.limit).toBe(30);
    expect(limits).toEqual([30]);
    expect(round(40, 1_001)).toBe(30);
    expect(limit.limit).toBe(22);
  });

  it("does not go by calls that began before the last cut", () => {
    const { limit, enter, pass } = make();
    const [first, ...others] = enter(40);
    pass(1_001);
    first?.();
    pass(500);
    for (const leave of others) leave();
    expect(limit.limit).toBe(30);
  });

  it("takes slow calls for slow calls while they are few", () => {
    const { limit, round } = make();
    for (let at = 0; at < 5; at += 1) round(4, 60_000);
    expect(limit.limit).toBe(100);
  });

  it("gives back one per round of fast calls that filled half of it, and nothing when nobody needed it", () => {
    const { limit, round } = make();
    round(40, 1_001);
    round(10, 10);
    expect(limit.limit).toBe(30);
    for (let at = 0; at < 5; at += 1) round(30, 10);
    expect(limit.limit).toBeGreaterThanOrEqual(32);
    expect(limit.limit).toBeLessThanOrEqual(35);
  });

  it("learns from calls without an answer only that they were slow", () => {
    const { limit, round } = make();
    round(40, 1_001, false);
    expect(limit.limit).toBe(30);
    for (let at = 0; at < 5; at += 1) round(30, 10, false);
    expect(limit.limit).toBe(30);
  });

  it("forgets it all after ten seconds without a slow call", () => {
    const { limit, round, pass } = make();
    round(40, 1_001);
    pass(9_000);
    expect(round(40, 1)).toBe(30);
    pass(1_001);
    expect(round(60, 1)).toBe(60);
    expect(limit.limit).toBe(100);
  });

  it("turns away first who may fill only a share of it", () => {
    const { enter, limit } = make({ max: 10 });
    expect(enter(20, 0.8)).toHaveLength(8);
    expect(enter(20)).toHaveLength(2);
    expect(limit.inFlight).toBe(10);
  });

  it("stays within its bounds and counts right, whatever happens", () => {
    const step = fc.record({ enter: fc.nat(30), leave: fc.nat(30), pass: fc.nat(3_000) });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
        const { limit, enter, pass } = make({ min: 3, max: 50 });
        const inside: (() => void)[] = [];
        for (const { enter: coming, leave: going, pass: by } of steps) {
          const before = limit.inFlight;
          const came = enter(coming);
          expect(came.length).toBe(Math.min(coming, Math.max(0, limit.limit - before)));
          inside.push(...came);
          pass(by);
          for (const leave of inside.splice(0, going)) leave();
          expect(limit.inFlight).toBe(inside.length);
          expect(limit.limit).toBeGreaterThanOrEqual(3);
          expect(limit.limit).toBeLessThanOrEqual(50);
        }
      }),
    );
  });
});
