import { describe, expect, it } from "vitest";
import { createBatcher } from "../src/create-batcher.ts";

describe("a batcher", () => {
  it("joins what is asked for at the same time, and answers each with its own", async () => {
    const runs: number[][] = [];
    const double = createBatcher<number, number>({
      run: async (items) => {
        runs.push([...items]);
        return items.map((item) => item * 2);
      },
    });
    expect(await Promise.all([1, 2, 3].map(double))).toEqual([2, 4, 6]);
    expect(runs).toEqual([[1, 2, 3]]);
  });

  it("gathers while a run is under way, up to its size", async () => {
    const runs: number[] = [];
    const gates: (() => void)[] = [];
    const batch = createBatcher<number, number>({
      maxItems: 4,
      run: async (items) => {
        runs.push(items.length);
        await new Promise<void>((resolve) => gates.push(resolve));
        return items;
      },
    });
    const first = batch(0);
    await new Promise(setImmediate);
    const rest = Promise.all([1, 2, 3, 4, 5, 6].map(batch));
    while (runs.length < 3 || gates.length > 0) {
      gates.shift()?.();
      await new Promise(setImmediate);
    }
    expect(await first).toBe(0);
    expect(await rest).toEqual([1, 2, 3, 4, 5, 6]);
    expect(runs).toEqual([1, 4, 2]);
  });

  it("lets what is not urgent wait for others, but not longer than a full run needs", async () => {
    const runs: number[] = [];
    const batch = createBatcher<number, number>({
      maxItems: 3,
      gatherMs: 20,
      run: async (items) => {
        runs.push(items.length);
        return items;
      },
    });
    const first = batch(1);
    await new Promise(setImmediate);
    expect(runs).toEqual([]);
    const all = await Promise.all([first, ...[2, 3, 4].map(batch)]);
    expect([all, runs]).toEqual([
      [1, 2, 3, 4],
      [3, 1],
    ]);
  });

  it("rejects all of a run that failed, and none of the next", async () => {
    let failing = true;
    const batch = createBatcher<number, number>({
      run: async (items) => {
        if (failing) throw new Error("no");
        return items;
      },
    });
    const results = await Promise.allSettled([1, 2].map(batch));
    expect(results.map(({ status }) => status)).toEqual(["rejected", "rejected"]);
    failing = false;
    expect(await batch(3)).toBe(3);
  });
});
