import { globSync, readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import fc from "fast-check";
import { expect, it } from "vitest";
import { readFuzzRun } from "../src/fuzz/fuzz-run.ts";
import { readSeed } from "../src/gate-seed.ts";

const root = resolve(import.meta.dirname, "../../..");

it("is the same on every run, unless the environment names another", () => {
  expect(readSeed({}, "SEED")).toBe(20_261_121);
  expect(readSeed({ SEED: "" }, "SEED")).toBe(20_261_121);
  expect(readSeed({ SEED: "7" }, "SEED")).toBe(7);
  for (const SEED of ["x", "-1", "1.5", "99999999999"]) expect(() => readSeed({ SEED }, "SEED")).toThrow(/SEED is a/);
});

it("is what properties draw from", () => {
  expect(fc.readConfigureGlobal().seed).toBe(readSeed(process.env, "FAST_CHECK_SEED"));
});

it("is what the fuzz draws from; more requests get more time", () => {
  expect(readFuzzRun({})).toEqual({ seed: readSeed({}, ""), requests: 40, timeoutMs: 600_000 });
  expect(readFuzzRun({ FUZZ_SEED: "7", FUZZ_REQUESTS: "100" })).toEqual({
    seed: 7,
    requests: 100,
    timeoutMs: 1_800_000,
  });
});

it("is in every test that has a seed: none asks the clock or the dice for it", () => {
  const tests = globSync("{packages,services,e2e,load,charts,tilt,tools}/**/*.test.ts", {
    cwd: root,
    exclude: ["**/node_modules"],
  });
  expect(tests.length).toBeGreaterThan(200);
  const byChance = tests.filter((file) =>
    /seed\b.*(Math\.random|Date\.now)/i.test(readFileSync(join(root, file), "utf8")),
  );
  expect(byChance).toEqual([]);
});
