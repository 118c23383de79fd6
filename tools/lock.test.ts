import { readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { describe, expect, it } from "vitest";
import { type Lock, missingOptionalPackages } from "./lock/missing-optional-packages.ts";

const file = join(resolve(import.meta.dirname, ".."), "package-lock.json");

describe("package-lock.json", () => {
  it("has an entry for every optional package, so that `npm ci` accepts it (mend it with `npm run lock:complete`)", () => {
    const lock = JSON.parse(readFileSync(file, "utf8")) as Lock;
    expect(Object.keys(missingOptionalPackages(lock))).toEqual([]);
  });
});

describe("missingOptionalPackages", () => {
  const lockWith = (optionalDependencies: Readonly<Record<string, string>>): Lock => ({
    packages: {
      "node_modules/tool": { version: "2.0.0", dev: true, optionalDependencies },
      "node_modules/tool/node_modules/tool-linux-x64": { version: "2.0.0" },
      "node_modules/tool-linux-arm64": { version: "2.0.0" },
    },
  });

  it("finds those that are there wherever Node would find them", () => {
    expect(missingOptionalPackages(lockWith({ "tool-linux-x64": "2.0.0", "tool-linux-arm64": "2.0.0" }))).toEqual({});
  });

  it("reads the machine from the name", () => {
    const lock = lockWith({
      "@t/tool-darwin-arm64": "2.0.0",
      "tool-linux-armv7": "2.0.0",
      "tool-linux-x64-musl": "2.0.0",
    });
    const common = { version: "2.0.0", dev: true, optional: true };
    expect(missingOptionalPackages(lock)).toEqual({
      "node_modules/@t/tool-darwin-arm64": { ...common, os: ["darwin"], cpu: ["arm64"] },
      "node_modules/tool-linux-armv7": { ...common, os: ["linux"], cpu: ["arm"] },
      "node_modules/tool-linux-x64-musl": { ...common, os: ["linux"], cpu: ["x64"], libc: ["musl"] },
    });
  });

  it("gives it the command that its siblings have", () => {
    const lock = lockWith({ "tool-linux-arm64": "2.0.0", "tool-darwin-x64": "2.0.0" });
    const sibling = { version: "2.0.0", bin: { tool: "bin/tool" } };
    const packages = { ...lock.packages, "node_modules/tool-linux-arm64": sibling };
    expect(missingOptionalPackages({ packages })["node_modules/tool-darwin-x64"]).toMatchObject({ bin: sibling.bin });
  });

  it("does not guess a version or a machine", () => {
    expect(() => missingOptionalPackages(lockWith({ "tool-darwin-arm64": "^2.0.0" }))).toThrow(/no exact version/);
    expect(() => missingOptionalPackages(lockWith({ "tool-extras": "2.0.0" }))).toThrow(/for which machine/);
  });
});
