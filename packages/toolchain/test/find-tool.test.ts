import { chmodSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { findTool, linkDaprRuntime, requireTool, ToolMissingError } from "@tandem/toolchain";
import { afterEach, beforeEach, describe, expect, it } from "vitest";

let base = "";
beforeEach(() => {
  base = mkdtempSync(join(tmpdir(), "tandem-find-tool-"));
});
afterEach(() => rmSync(base, { recursive: true, force: true }));

const program = (file: string, says: string): string => {
  const path = join(base, file);
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, `#!/bin/sh\n${says}\n`);
  chmodSync(path, 0o755);
  return path;
};

const options = (env: Readonly<Record<string, string>> = {}) => ({
  root: join(base, "repository"),
  home: join(base, "home"),
  env: { PATH: `${join(base, "bin1")}:${join(base, "bin2")}`, ...env },
});

describe("findTool", () => {
  it("prefers PATH to the home folder and both to what was built here", () => {
    const built = program("repository/.tools/bin/daprd", "echo 1.18.3");
    expect(findTool("daprd", options())).toEqual({ found: true, name: "daprd", path: built, version: "1.18.3" });
    const initialized = program("home/.dapr/bin/daprd", "echo 1.18.4");
    expect(findTool("daprd", options())).toMatchObject({ path: initialized, version: "1.18.4" });
    const installed = program("bin2/daprd", "echo 1.18.5");
    expect(findTool("daprd", options())).toMatchObject({ path: installed, version: "1.18.5" });
  });

  it.each(["1.17.9", "1.18.2", "1.19.0", "2.0.0"])("passes over daprd %s", (version) => {
    program("bin1/daprd", `echo ${version}`);
    const built = program("repository/.tools/bin/daprd", "echo 1.18.3");
    expect(findTool("daprd", options())).toMatchObject({ path: built });
  });

  it("says what it refused, why, and what to do", () => {
    const refused = program("bin1/daprd", "echo 1.17.9");
    expect(findTool("daprd", options())).toEqual({
      found: false,
      name: "daprd",
      reason: `${refused} is 1.17.9: 1.18.3 or a later 1.18 is needed (\`npm run tools\` builds it)`,
    });
  });

  it("takes either broker and reads the version out of a sentence", () => {
    const redis = program(
      "bin1/redis-server",
      "echo 'Redis server v=7.0.15 sha=00000000:0 malloc=jemalloc-5.2.1 bits=64'",
    );
    expect(findTool("broker", options())).toMatchObject({ path: redis, version: "7.0.15" });
  });

  it("reads a version from stderr", () => {
    program("bin1/grpcurl", "echo 'grpcurl v1.9.4' >&2");
    expect(findTool("grpcurl", options())).toMatchObject({ version: "1.9.4" });
  });

  it.each([
    ["ends with an error", "exit 1"],
    ["says nothing", "true"],
  ])("refuses a program that %s", (_, says) => {
    program("bin1/daprd", says);
    expect(findTool("daprd", options()).found).toBe(false);
  });

  it("is not fooled by a folder or a file that cannot be executed", () => {
    mkdirSync(join(base, "bin1/daprd"), { recursive: true });
    mkdirSync(join(base, "bin2"));
    writeFileSync(join(base, "bin2/daprd"), "not a program");
    expect(findTool("daprd", options())).toMatchObject({ reason: expect.stringContaining("no daprd on PATH") });
  });

  it("asks one program once, however many names lead to it", () => {
    const path = program("bin1/daprd", `echo asked >> ${join(base, "asked")}; echo 1.0.0`);
    mkdirSync(join(base, "bin2"));
    symlinkSync(path, join(base, "bin2/daprd"));
    const { reason } = findTool("daprd", options()) as { readonly reason: string };
    expect(reason.split(";")).toHaveLength(1);
  });

  it("passes on why `npm test` could not get it", () => {
    const env = { TANDEM_DAPRD_MISSING_REASON: "no Go toolchain on PATH" };
    expect(findTool("daprd", options(env))).toMatchObject({ found: false, reason: "no Go toolchain on PATH" });
  });
});

describe("requireTool", () => {
  it("throws the reason", () => {
    expect(() => requireTool("dapr", options())).toThrow(ToolMissingError);
    expect(() => requireTool("dapr", options())).toThrow(/no dapr on PATH or in .tools\/bin/);
  });
});

describe("linkDaprRuntime", () => {
  it("puts daprd where the dapr CLI looks, also when an older one is linked there", () => {
    const runtime = join(base, "runtime");
    program("bin1/daprd", "echo 1.18.3");
    linkDaprRuntime(runtime, options());
    const newer = program("bin1/daprd", "echo 1.18.9");
    expect(linkDaprRuntime(runtime, options())).toBe(runtime);
    const seen = { ...options(), env: { PATH: join(runtime, ".dapr/bin") } };
    expect(findTool("daprd", seen)).toMatchObject({ version: "1.18.9" });
    expect(newer).toBe(join(base, "bin1/daprd"));
  });
});
