import { duration } from "@tandem/cli/options";
import { describe, expect, it } from "vitest";
import { defaultMix, operationNames } from "../src/load/operations.ts";
import { createRecorder } from "../src/load/recorder.ts";
import { createRandom } from "../src/random.ts";
import { planCustomers, planWorld } from "../src/seed/plan-world.ts";

describe("the planned shop", () => {
  const size = { sellers: 7, products: 200, customers: 30, seed: 3 };

  it("is the same for the same seed, so that a second seeding finds it, and another for another", () => {
    expect(planWorld(size)).toEqual(planWorld(size));
    expect(planWorld({ ...size, seed: 4 })).not.toEqual(planWorld(size));
    expect(planCustomers(5, 3)).toEqual(planWorld(size).customers.slice(0, 5));
  });

  it("has as much as was asked for, and no two of anything", () => {
    const { sellers, customers, categories } = planWorld(size);
    const products = sellers.flatMap((seller) => seller.products);
    expect([sellers.length, products.length, customers.length]).toEqual([7, 200, 30]);
    for (const names of [
      sellers.map(({ slug }) => slug),
      products.map(({ sku }) => sku),
      customers.map(({ email }) => email),
      categories.map(({ slug }) => slug),
    ])
      expect(new Set(names).size).toBe(names.length);
    for (const { sku, priceMinor, stock, category } of products) {
      expect(sku).toMatch(/^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/);
      expect(priceMinor).toBeGreaterThan(0n);
      expect(stock).toBeGreaterThan(0);
      expect(categories.map(({ slug }) => slug)).toContain(category);
    }
    for (const { slug } of sellers) expect(slug).toMatch(/^[a-z0-9]+(-[a-z0-9]+)*$/);
  });
});

describe("the figures", () => {
  it("are ranks of what was measured, refusals and failures included", () => {
    const recorder = createRecorder();
    for (let at = 1; at <= 100; at += 1)
      recorder.record("browse", at === 7 ? "failed" : "ok", at, at === 7 ? "rpc.internal" : undefined);
    expect(recorder.reports()).toEqual([
      { operation: "browse", count: 100, ok: 99, refused: 0, failed: 1, p50: 50, p95: 95, p99: 99, max: 100 },
    ]);
    expect(recorder.slugs()).toEqual({ "browse: rpc.internal": 1 });
  });

  it("come from a mix that adds up", () => {
    expect(operationNames.reduce((sum, name) => sum + defaultMix[name], 0)).toBe(100);
    expect([duration("60s"), duration("10m"), duration("250ms")]).toEqual([60_000, 600_000, 250]);
    expect(() => duration("soon")).toThrow();
    const random = createRandom(1);
    const picked = Array.from({ length: 1_000 }, () => random.pickPopular([0, 1, 2, 3]));
    expect(picked.filter((one) => one === 0).length).toBeGreaterThan(400);
  });
});
