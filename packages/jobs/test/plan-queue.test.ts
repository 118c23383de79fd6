import { describe, expect, test } from "vitest";
import { type DueRun, planMissed, planQueue } from "../src/plan-queue.ts";

const minute = (n: number) => new Date(Date.UTC(2026, 0, 1, 10, n));
const policy = (missed: "skip" | "run-once" | "run-all") => ({ missed, missedAfterMs: 90_000, maxMissedRuns: 2 });
const due = (n: number, cause: DueRun["cause"] = "schedule"): DueRun => ({ id: `${n}`, scheduledAt: minute(n), cause });
const ids = (runs: readonly DueRun[]) => runs.map(({ id }) => id);

describe("slots that wait because a run is going", () => {
  const waiting = [due(1), due(2), due(3), due(4)];
  test.each([
    ["skip", "those waiting for too long are given up", ["1", "2"]],
    ["run-once", "all but the newest are given up", ["1", "2", "3"]],
    ["run-all", "the oldest beyond the bound are given up", ["1", "2"]],
  ] as const)("%s: %s", (missed, _, given) => {
    expect(ids(planQueue(policy(missed), waiting, minute(4)))).toEqual(given);
  });

  test("what a person asked for, and second attempts, are never given up", () => {
    const asked = [due(1, "request"), due(2, "abandoned"), due(3, "request")];
    for (const missed of ["skip", "run-once", "run-all"] as const)
      expect(planQueue(policy(missed), asked, minute(30))).toEqual([]);
  });
});

describe("slots for which nobody came", () => {
  const slots = [minute(1), minute(2), minute(3), minute(4)];
  test("skip: recorded, not run", () => {
    expect(planMissed(policy("skip"), slots, [minute(2)])).toEqual({
      run: [],
      skip: [minute(1), minute(3), minute(4)],
    });
  });
  test("run-once: the newest stands for all", () => {
    expect(planMissed(policy("run-once"), slots, [])).toEqual({ run: [minute(4)], skip: slots.slice(0, 3) });
  });
  test("run-once: a later slot that did run has made up for the earlier ones", () => {
    expect(planMissed(policy("run-once"), slots, [minute(4)])).toEqual({ run: [], skip: slots.slice(0, 3) });
  });
  test("run-all: each, oldest first, up to the bound", () => {
    expect(planMissed(policy("run-all"), slots, [minute(3)])).toEqual({
      run: [minute(2), minute(4)],
      skip: [minute(1)],
    });
  });
  test("nothing missed, nothing done", () => {
    for (const missed of ["skip", "run-once", "run-all"] as const) {
      expect(planMissed(policy(missed), slots, slots)).toEqual({ run: [], skip: [] });
    }
  });
});
