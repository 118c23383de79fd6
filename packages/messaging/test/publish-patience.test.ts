import { describe, expect, it } from "vitest";
import { createPatience } from "../src/publish-patience.ts";

const patienceOf = () => createPatience({ leaseMs: 1_000, publishTimeoutMs: 400, maxLeaseMs: 4_000 });

describe("the time that a publish may take", () => {
  it("is what was asked for, as long as answers come", () => {
    const patience = patienceOf();
    patience.answered(399);
    patience.answered(1);
    expect(patience.terms).toEqual({ leaseMs: 1_000, publishTimeoutMs: 400 });
  });

  it("doubles with each that was given up, the lease with it, up to the longest", () => {
    const patience = patienceOf();
    const seen = [1, 2, 3].map(() => {
      patience.gaveUp(patience.terms);
      return patience.terms;
    });
    expect(seen).toEqual([
      { leaseMs: 2_000, publishTimeoutMs: 800 },
      { leaseMs: 4_000, publishTimeoutMs: 1_600 },
      { leaseMs: 4_000, publishTimeoutMs: 1_600 },
    ]);
  });

  it("doubles once for all that were given up under the same terms", () => {
    const patience = patienceOf();
    const { terms } = patience;
    for (const _ of [1, 2, 3]) patience.gaveUp(terms);
    expect(patience.terms.publishTimeoutMs).toBe(800);
  });

  it("comes down again step by step, by answers that took a quarter of it or less", () => {
    const patience = patienceOf();
    patience.gaveUp(patience.terms);
    patience.gaveUp(patience.terms);
    patience.answered(400);
    expect(patience.terms.publishTimeoutMs).toBe(1_600);
    patience.answered(399);
    expect(patience.terms.publishTimeoutMs).toBe(800);
    patience.answered(1);
    patience.answered(1);
    expect(patience.terms).toEqual({ leaseMs: 1_000, publishTimeoutMs: 400 });
  });
});
