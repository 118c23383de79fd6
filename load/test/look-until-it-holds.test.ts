import { describe, expect, it } from "vitest";
import { lookUntilItHolds } from "../src/look-until-it-holds.ts";

const answers = (...each: readonly (readonly string[])[]) => {
  let looks = 0;
  return { look: async () => each[Math.min(looks++, each.length - 1)] ?? [], looks: () => looks };
};
const silent = { pauseMs: 0, say: () => {} };

describe("books of a platform whose messages lie at a broker", () => {
  it("are looked into again while something may be under way, and no more once they hold", async () => {
    const { look, looks } = answers(["never handled a"], ["never handled a", "never handled b"], []);
    expect(await lookUntilItHolds(look, { ...silent, withinMs: 60_000 })).toEqual([]);
    expect(looks()).toBe(3);
  });

  it("say what is still wrong when the time is over", async () => {
    const { look, looks } = answers(["lost"]);
    expect(await lookUntilItHolds(look, { ...silent, withinMs: 0 })).toEqual(["lost"]);
    expect(looks()).toBe(1);
  });
});
