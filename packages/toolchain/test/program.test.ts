import { spawn } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { freePorts, ProgramFailedError, startProgram } from "@tandem/toolchain";
import { afterEach, beforeEach, describe, expect, it } from "vitest";

let base = "";
beforeEach(() => {
  base = mkdtempSync(join(tmpdir(), "tandem-program-"));
});
afterEach(() => rmSync(base, { recursive: true, force: true }));

/** A shell script that is ready once it has written the file `ready`. */
const script = (text: string, more: { readonly readyTimeoutMs?: number; readonly signal?: AbortSignal } = {}) =>
  startProgram({
    name: "script",
    command: "/bin/sh",
    args: ["-c", text],
    cwd: base,
    ready: async () => existsSync(join(base, "ready")),
    ...more,
  });

const isAlive = (pid: number): boolean => {
  try {
    process.kill(pid, 0);
    // Dead, but not yet collected by whoever inherited it, counts as dead.
    return process.platform !== "linux" || !/\) Z /.test(readFileSync(`/proc/${pid}/stat`, "utf8"));
  } catch {
    return false;
  }
};

describe("startProgram", () => {
  it("waits until the program is ready and keeps what it says", async () => {
    await using program = await script("echo out; echo err >&2; touch ready; exec sleep 60");
    await expect.poll(() => [...program.lines()].sort()).toEqual(["err", "out"]);
    expect(isAlive(program.pid)).toBe(true);
  });

  it("throws with the last words of a program that ends before it is ready", async () => {
    const failing = script("echo 'address already in use' >&2; exit 3");
    await expect(failing).rejects.toThrow(ProgramFailedError);
    await expect(script("echo 'address already in use' >&2; exit 3")).rejects.toThrow(
      /script ended \(exit code 3\) before it was ready\n {2}address already in use/,
    );
  });

  it("throws when there is no such program", async () => {
    const starting = startProgram({
      name: "nothing",
      command: join(base, "nothing"),
      args: [],
      ready: async () => false,
    });
    await expect(starting).rejects.toThrow(/nothing ended/);
  });

  it("stops a program that is not ready in time", async () => {
    await expect(script("echo $$ > pid; exec sleep 60", { readyTimeoutMs: 200 })).rejects.toThrow(
      /not ready within 200 ms/,
    );
    expect(isAlive(Number(readFileSync(join(base, "pid"), "utf8")))).toBe(false);
  });

  it("stops when the caller no longer wants it", async () => {
    const controller = new AbortController();
    const starting = script("exec sleep 60", { signal: controller.signal });
    controller.abort(new Error("changed my mind"));
    await expect(starting).rejects.toThrow("changed my mind");
  });

  it("does not hand our environment down", async () => {
    process.env["TANDEM_SECRET_OF_PARENT"] = "1";
    await using program = await script("env | sort -r; touch ready; exec sleep 60");
    delete process.env["TANDEM_SECRET_OF_PARENT"];
    await expect.poll(() => program.lines().some((line) => line.startsWith("PATH="))).toBe(true);
    expect(program.lines().filter((line) => line.includes("TANDEM"))).toEqual([]);
  });
});

describe("a program", () => {
  it("is asked to stop, and stopping twice is one stop", async () => {
    const program = await script("trap 'echo bye; exit 5' TERM; touch ready; while true; do sleep 0.05; done");
    const exits = await Promise.all([program.stop(), program.stop()]);
    expect(exits).toEqual([
      { code: 5, signal: null },
      { code: 5, signal: null },
    ]);
    expect(program.lines()).toEqual(["bye"]);
  });

  it("is killed when it does not stop within its grace", async () => {
    const program = await script("trap '' TERM; touch ready; while true; do sleep 0.05; done");
    expect(await program.stop(100)).toEqual({ code: null, signal: "SIGKILL" });
  });

  it("gets no goodbye from kill", async () => {
    const program = await script("trap 'echo bye; exit 0' TERM; touch ready; while true; do sleep 0.05; done");
    expect(await program.kill()).toEqual({ code: null, signal: "SIGKILL" });
    expect(program.lines()).toEqual([]);
  });

  it("can be paused, and stops all the same", async () => {
    const program = await script("trap 'exit 4' TERM; touch ready; while true; do sleep 0.05; done");
    program.pause();
    expect(await program.stop()).toEqual({ code: 4, signal: null });
  });

  it.skipIf(process.platform !== "linux")("dies with the process that started it, however that one dies", async () => {
    const parent = join(base, "parent.ts");
    const toolchain = join(import.meta.dirname, "../src/index.ts");
    writeFileSync(
      parent,
      `import { startProgram } from ${JSON.stringify(toolchain)};
       import { existsSync } from "node:fs";
       const ready = async () => existsSync(${JSON.stringify(join(base, "ready"))});
       const args = ["-c", "touch ready; exec sleep 60"];
       const program = await startProgram({ name: "sleep", command: "/bin/sh", args, ready, cwd: ${JSON.stringify(base)} });
       console.log(program.pid);`,
    );
    const child = spawn(process.execPath, [parent], { stdio: ["ignore", "pipe", "inherit"] });
    const pid = await new Promise<number>((resolve) =>
      child.stdout.once("data", (data: Buffer) => resolve(Number(data))),
    );
    expect(isAlive(pid)).toBe(true);
    child.kill("SIGKILL");
    await expect.poll(() => isAlive(pid)).toBe(false);
  });
});

describe("freePorts", () => {
  it("gives different ports", async () => {
    const ports = await freePorts(20);
    expect(new Set(ports).size).toBe(20);
  });
});
