import { execFile } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";

const root = resolve(import.meta.dirname, "..");
// Inside the checkout, so that the planted tests find vitest.
let folder = "";

beforeAll(() => {
  mkdirSync(join(root, ".tandem"), { recursive: true });
  folder = mkdtempSync(join(root, ".tandem/test-"));
  writeFileSync(join(folder, "vitest.config.ts"), "export default {};\n");
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const runTests = (tests: string, env: Readonly<Record<string, string>> = {}) =>
  new Promise<{ readonly code: number | string; readonly lastLine: string; readonly output: string }>((done) => {
    writeFileSync(join(folder, "planted.test.ts"), tests);
    const args = [
      join(root, "tools/test.ts"),
      "--no-tools",
      "--root",
      folder,
      "--config",
      join(folder, "vitest.config.ts"),
    ];
    // Its own vitest must not think that it is part of this one.
    const { VITEST: _, VITEST_WORKER_ID: __, VITEST_POOL_ID: ___, ...inherited } = process.env;
    execFile(process.execPath, args, { cwd: root, env: { ...inherited, ...env } }, (error, stdout, stderr) => {
      const lastLine = stdout.trimEnd().split("\n").at(-1) ?? "";
      done({ code: error === null ? 0 : (error.code ?? 1), lastLine, output: stdout + stderr });
    });
  });

const passing = 'it("passes", () => expect(1).toBe(1));';
const failing = 'it("fails", () => expect(1).toBe(2));';
const skipping = 'describe.skipIf(true)("needs daprd", () => { it("is skipped", () => expect(1).toBe(1)); });';
const head = 'import { describe, expect, it } from "vitest";\nvoid describe;\n';

describe("npm test", () => {
  it("counts on its last line, and says where something was skipped", async () => {
    const { code, lastLine, output } = await runTests(head + passing + skipping);
    expect({ code, lastLine }).toEqual({ code: 0, lastLine: "1 passed, 0 failed, 1 skipped" });
    expect(output).toMatch(/skipped in planted\.test\.ts: 1/);
  });

  it("fails when a test fails", async () => {
    const { code, lastLine } = await runTests(head + passing + failing);
    expect({ code, lastLine }).toEqual({ code: 1, lastLine: "1 passed, 1 failed, 0 skipped" });
  });

  it.each([
    ["a file that cannot be loaded", 'import "./not-there.ts";'],
    [
      "a hook that throws",
      `import { beforeAll } from "vitest";\nbeforeAll(() => { throw new Error("hook"); });\n${head}${passing}`,
    ],
    ["an error outside of any test", `${head}${passing}\nvoid Promise.reject(new Error("nobody listens"));`],
  ])("counts %s as a failure", async (_, tests) => {
    const { code, lastLine } = await runTests(tests);
    expect(code).toBe(1);
    expect(lastLine).toMatch(/^\d+ passed, 1 failed, \d+ skipped$/);
  });
});
