import { type ChildProcess, spawn } from "node:child_process";
import {
  chmodSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, dirname, join } from "node:path";
import { pollUntil } from "@tandem/testkit";
import { afterEach, beforeEach, describe, expect, it } from "vitest";

// A checkout of its own with a stand-in for npm: what npm itself does is npm's to test.
let root = "";

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), "tandem-bootstrap-"));
  mkdirSync(join(root, "tools"));
  copyFileSync(join(import.meta.dirname, "bootstrap.mjs"), join(root, "tools/bootstrap.mjs"));
  lock({ "node_modules/left-pad": { version: "1.0.0", integrity: "sha512-a" } });
  npm(installs);
  write(
    "entry.ts",
    "const said: string = process.argv.slice(2).join(' ');\nconsole.log(said);\nprocess.exitCode = 7;\n",
  );
});
afterEach(() => rmSync(root, { recursive: true, force: true }));

const write = (file: string, text: string): void => {
  mkdirSync(dirname(join(root, file)), { recursive: true });
  writeFileSync(join(root, file), text);
};

const lock = (packages: Readonly<Record<string, unknown>>): void =>
  write("package-lock.json", JSON.stringify({ lockfileVersion: 3, packages: { "": {}, ...packages } }));

/** What npm leaves behind when it is through. */
const installedPackages = (packages: Readonly<Record<string, unknown>>): void =>
  write("node_modules/.package-lock.json", JSON.stringify({ packages }));

const installs = `mkdir -p node_modules/.bin && ln -sf "${process.execPath}" node_modules/.bin/node`;

const npm = (script: string): void => {
  write("bin/npm", `#!/bin/sh\necho "$@" >> npm.log\n${script}\n`);
  chmodSync(join(root, "bin/npm"), 0o755);
};

const npmCalls = (): number =>
  existsSync(join(root, "npm.log")) ? readFileSync(join(root, "npm.log"), "utf8").trim().split("\n").length : 0;

interface Run {
  readonly child: ChildProcess;
  readonly ended: Promise<{ readonly code: number | null; readonly stdout: string; readonly stderr: string }>;
  stdout(): string;
}

const start = (args: readonly string[], nodeArgs: readonly string[] = []): Run => {
  const env = { PATH: [join(root, "bin"), process.env["PATH"]].join(delimiter) };
  const child = spawn(process.execPath, [...nodeArgs, join(root, "tools/bootstrap.mjs"), ...args], {
    env,
    cwd: tmpdir(),
  });
  let stdout = "";
  let stderr = "";
  child.stdout.on("data", (chunk: Buffer) => {
    stdout += chunk.toString();
  });
  child.stderr.on("data", (chunk: Buffer) => {
    stderr += chunk.toString();
  });
  const ended = new Promise<{ code: number | null; stdout: string; stderr: string }>((resolve) => {
    child.once("close", (code) => resolve({ code, stdout, stderr }));
  });
  return { child, ended, stdout: () => stdout };
};

const run = (...args: readonly string[]) => start(args).ended;

describe("bootstrap", () => {
  it("installs on a fresh clone, then runs the entry with its arguments and ends with its exit code", async () => {
    const { code, stdout, stderr } = await run("entry.ts", "a", "--b");
    expect({ code, stdout }).toEqual({ code: 7, stdout: "a --b\n" });
    expect(stderr).toContain("npm ci");
    expect(readFileSync(join(root, "npm.log"), "utf8")).toMatch(/^ci --include=dev /);
  });

  it("gives node the options that stand before the entry", async () => {
    write("entry.ts", "console.log(process.execArgv.join(' '), process.argv.slice(2).join(' '));\n");
    const { code, stdout } = await run("--v8-pool-size=1", "--max-semi-space-size=8", "entry.ts", "--c");
    expect({ code, stdout }).toEqual({ code: 0, stdout: "--v8-pool-size=1 --max-semi-space-size=8 --c\n" });
  });

  it("is silent and installs nothing the second time", async () => {
    await run("entry.ts");
    const { stderr } = await run("entry.ts");
    expect(stderr).toBe("");
    expect(npmCalls()).toBe(1);
  });

  it("installs again when package-lock.json has changed", async () => {
    await run("entry.ts");
    lock({ "node_modules/left-pad": { version: "1.0.1", integrity: "sha512-b" } });
    await run("entry.ts");
    expect(npmCalls()).toBe(2);
  });

  it("installs again after an install that was cut off", async () => {
    npm(`${installs}; exit 1`);
    expect((await run("entry.ts")).code).toBe(1);
    npm(installs);
    expect((await run("entry.ts")).code).toBe(7);
    expect(npmCalls()).toBe(2);
  });

  it("says that the install failed and ends with npm's exit code", async () => {
    npm("echo 'no network' >&2; exit 9");
    const { code, stderr } = await run("entry.ts");
    expect(code).toBe(9);
    expect(stderr).toMatch(/no network[\s\S]*npm ci failed \(exit code 9\)/);
  });

  it("says so when the install brought no Node for this machine", async () => {
    npm("mkdir -p node_modules");
    const { code, stderr } = await run("entry.ts");
    expect(code).toBe(1);
    expect(stderr).toContain(`no Node 24 for ${process.platform} ${process.arch}`);
  });

  it("accepts what `npm install` put there by hand, optional packages of other machines apart", async () => {
    const leftPad = { version: "1.0.0", integrity: "sha512-a" };
    lock({ "node_modules/left-pad": leftPad, "node_modules/fsevents": { version: "2.0.0", optional: true } });
    await start(["entry.ts"]).ended;
    rmSync(join(root, "node_modules/.tandem-installed"));
    installedPackages({ "node_modules/left-pad": leftPad });
    await run("entry.ts");
    expect(npmCalls()).toBe(1);
    rmSync(join(root, "node_modules/.tandem-installed"));
    installedPackages({ "node_modules/left-pad": { version: "0.9.0", integrity: "sha512-c" } });
    await run("entry.ts");
    expect(npmCalls()).toBeGreaterThan(1);
  });

  it("brings a whole installation up to date, and starts over when that does not give what the lock file says", async () => {
    const installed = { "node_modules/left-pad": { version: "1.0.1", integrity: "sha512-b" } };
    await run("entry.ts");
    installedPackages({ "node_modules/left-pad": { version: "1.0.0", integrity: "sha512-a" } });
    lock(installed);
    write("after.json", JSON.stringify({ packages: installed }));
    npm("if [ $1 = install ]; then cp after.json node_modules/.package-lock.json; fi");
    expect((await run("entry.ts")).code).toBe(7);
    lock({ "node_modules/left-pad": { version: "1.0.2", integrity: "sha512-c" } });
    expect((await run("entry.ts")).code).toBe(7);
    const commands = readFileSync(join(root, "npm.log"), "utf8").match(/^\w+/gm);
    expect(commands).toEqual(["ci", "install", "install", "ci"]);
  });

  it("installs once when two start at the same time", async () => {
    npm(`sleep 1; ${installs}`);
    const both = await Promise.all([run("entry.ts", "one"), run("entry.ts", "two")]);
    expect(both.map(({ code }) => code)).toEqual([7, 7]);
    expect(npmCalls()).toBe(1);
  });

  it("takes over the lock of an installer that was killed", async () => {
    write(".tandem/install.lock", "1 dead");
    const longAgo = new Date(Date.now() - 60_000);
    utimesSync(join(root, ".tandem/install.lock"), longAgo, longAgo);
    expect((await run("entry.ts")).code).toBe(7);
    expect(existsSync(join(root, ".tandem/install.lock"))).toBe(false);
  });

  it("refuses a Node that is too old before it does anything", async () => {
    const old = "data:text/javascript,Object.defineProperty(process,'versions',{value:{node:'18.20.0'}})";
    const { code, stderr } = await start(["entry.ts"], ["--import", old]).ended;
    expect(code).toBe(1);
    expect(stderr).toMatch(/needs Node 20 or later/);
    expect(npmCalls()).toBe(0);
  });

  it("runs a program of node_modules/.bin by its name", async () => {
    await run("entry.ts");
    write("node_modules/.bin/hello", "#!/bin/sh\necho hello $1 from $(command -v hello)\n");
    chmodSync(join(root, "node_modules/.bin/hello"), 0o755);
    const { code, stdout } = await run("hello", "you");
    expect({ code, stdout }).toEqual({ code: 0, stdout: `hello you from ${join(root, "node_modules/.bin/hello")}\n` });
  });
});

describe("signals", () => {
  const waits = `
    for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.on(signal, () => {
      console.log(signal);
      setTimeout(() => process.exit(42), 500);
    });
    setInterval(() => {}, 1_000);
    console.log("up " + process.pid);
  `;

  const startWaiting = async (): Promise<Run> => {
    write("entry.ts", waits);
    const started = start(["entry.ts"]);
    await pollUntil(async () => started.stdout().startsWith("up"));
    return started;
  };

  it.each(["SIGINT", "SIGTERM", "SIGHUP"] as const)(
    "hands %s to the entry once, though it comes twice",
    async (signal) => {
      const { child, ended } = await startWaiting();
      child.kill(signal);
      child.kill(signal);
      const { code, stdout } = await ended;
      expect(code).toBe(42);
      expect(stdout.trim().split("\n").slice(1)).toEqual([signal]);
    },
  );

  it.skipIf(process.platform !== "linux")("stops the entry when it is killed itself", async () => {
    const { child, ended, stdout } = await startWaiting();
    child.kill("SIGKILL");
    await ended;
    expect(stdout()).toMatch(/SIGTERM/);
  });
});
