import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { ensureTools } from "./ensure-tools.ts";

// A machine with a stand-in for Go: whether Dapr compiles is shown by every real run of `npm run tools`.
let base = "";
let said: string[] = [];

beforeEach(() => {
  base = mkdtempSync(join(tmpdir(), "tandem-ensure-tools-"));
  said = [];
  vi.stubEnv("PATH", `${join(base, "path")}:/usr/bin:/bin`);
  vi.stubEnv("HOME", join(base, "home"));
  vi.spyOn(process.stderr, "write").mockImplementation(() => true);
});
afterEach(() => {
  vi.unstubAllEnvs();
  vi.restoreAllMocks();
  rmSync(base, { recursive: true, force: true });
});

const program = (file: string, text: string): void => {
  const path = join(base, file);
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, `#!/bin/sh\n${text}\n`);
  chmodSync(path, 0o755);
};

/** Answers `go version`; for `go build -o FILE ...` runs `build` with $out set. */
const go = (build: string): void =>
  program(
    "path/go",
    `[ "$1" = version ] && exit 0
     echo build >> ${join(base, "go.log")}
     while [ $# -gt 0 ]; do [ "$1" = -o ] && out=$2; shift; done
     ${build}`,
  );
const builds = 'printf "#!/bin/sh\\necho 1.18.3\\n" > "$out"';
const buildCount = (): number =>
  existsSync(join(base, "go.log")) ? readFileSync(join(base, "go.log"), "utf8").trim().split("\n").length : 0;

const ensure = (signal?: AbortSignal) =>
  ensureTools(["daprd"], { root: base, say: (line) => said.push(line), ...(signal && { signal }) });

describe("ensureTools", () => {
  it("builds what is missing, once", async () => {
    go(builds);
    const built = { found: true, name: "daprd", path: join(base, ".tools/bin/daprd"), version: "1.18.3" };
    expect(await ensure()).toEqual([built]);
    expect(await ensure()).toEqual([built]);
    expect(buildCount()).toBe(1);
    expect(said).toEqual([`daprd: there (1.18.3, ${built.path})`]);
  });

  it("builds again when its sources are others", async () => {
    go(builds);
    await ensure();
    writeFileSync(join(base, ".tools/stamps/daprd"), "the key of an older go.mod");
    await ensure();
    expect(buildCount()).toBe(2);
  });

  it("takes what is installed", async () => {
    go(builds);
    program("home/.dapr/bin/daprd", "echo 1.18.9");
    expect(await ensure()).toMatchObject([{ version: "1.18.9" }]);
    expect(buildCount()).toBe(0);
  });

  it("builds beside an installed one that is too old", async () => {
    go(builds);
    program("path/daprd", "echo 1.14.0");
    expect(await ensure()).toMatchObject([{ path: join(base, ".tools/bin/daprd") }]);
  });

  it("says what a failed build said last, keeps all of it, and leaves nothing half made", async () => {
    go('echo "main.go:7: undefined: x"; echo half > "$out"; exit 2');
    const [tool] = await ensure();
    expect(tool).toMatchObject({
      found: false,
      reason: expect.stringMatching(/exit code 2\): main\.go:7: undefined: x/),
    });
    expect(readFileSync(join(base, ".tools/log/daprd.log"), "utf8")).toBe("main.go:7: undefined: x\n");
    expect(readdirSync(join(base, ".tools/tmp"))).toEqual([]);
    expect(existsSync(join(base, ".tools/bin/daprd"))).toBe(false);
  });

  it("says what to install on a machine without Go", async () => {
    program("path/go", "echo 'go: not here'; exit 127");
    const [tool] = await ensure();
    expect(tool).toMatchObject({ found: false, reason: expect.stringMatching(/no Go toolchain.*dapr init --slim/) });
    expect(said).toHaveLength(1);
  });

  it("stops when interrupted and leaves nothing half made", async () => {
    const controller = new AbortController();
    go(`touch ${join(base, "started")}; exec sleep 60`);
    const building = ensure(controller.signal);
    await expect.poll(() => existsSync(join(base, "started"))).toBe(true);
    controller.abort(new Error("stopped by SIGINT"));
    await expect(building).rejects.toThrow("stopped by SIGINT");
    expect(readdirSync(join(base, ".tools/tmp"))).toEqual([]);
  });
});
