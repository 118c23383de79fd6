import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import type { BinaryPlan } from "@tandem/cli/plan";
import { type Program, startProgram } from "@tandem/toolchain";

const root = join(import.meta.dirname, "../..");

export interface WorkerProcess extends AsyncDisposable {
  /** kill -9. */
  kill(): Promise<void>;
  /** Kill -9, and the next one, until it is ready; with a fault point (`mid-batch:3`) it may die before, which is what `ended` waits for. */
  restart(faultPoint?: string): Promise<void>;
  /** Resolves when it has died. */
  readonly ended: Promise<unknown>;
  /** SIGSTOP and SIGCONT. */
  pause(): void;
  resume(): void;
  lines(): readonly string[];
}

/** A worker as in production: a process of its own, which can be killed and paused. */
export const startWorkerProcess = async (
  { appId, context, env, ports }: BinaryPlan,
  args: readonly string[] = [],
): Promise<WorkerProcess> => {
  const isReady = async (signal: AbortSignal): Promise<boolean> =>
    (await fetch(`http://127.0.0.1:${ports["operations"]}/readyz`, { signal })).ok;
  const launch = (faultPoint?: string): Promise<Program> =>
    startProgram({
      name: appId,
      command: process.execPath,
      args: ["--no-warnings", join(root, "services", context, "src/worker.ts"), ...args],
      cwd: root,
      env: {
        PATH: process.env["PATH"] ?? "",
        HOME: process.env["HOME"] ?? "",
        ...compileCache(),
        ...env,
        ...(faultPoint === undefined ? {} : { TANDEM_FAULT_POINT: faultPoint }),
      },
      // Beside two dozen of real sidecars that start as well, on a machine that does other things.
      readyTimeoutMs: 150_000,
      // One with a fault point may die or stand still before it is ready: that is its purpose.
      ready: async (signal) => faultPoint !== undefined || isReady(signal),
    });
  /** Before that, work for it is work that waits. */
  const untilReadyOrGone = async (): Promise<void> => {
    let gone = false;
    void program.exited.then(() => {
      gone = true;
    });
    const asked = () => isReady(AbortSignal.timeout(500)).catch(() => false);
    for (const giveUpAt = performance.now() + 15_000; !gone && performance.now() < giveUpAt; await sleep(20))
      if (await asked()) return;
  };
  let program = await launch();
  return {
    kill: async () => {
      await program.kill();
    },
    restart: async (faultPoint) => {
      await program.kill();
      program = await launch(faultPoint);
      if (faultPoint !== undefined) await untilReadyOrGone();
    },
    get ended() {
      return program.exited;
    },
    pause: () => program.pause(),
    resume: () => program.resume(),
    lines: () => program.lines(),
    [Symbol.asyncDispose]: async () => {
      await program.stop();
    },
  };
};

/** What is kept of stripped types and compiled code, where the commands keep it: most of a start. */
const compileCache = (): Readonly<Record<string, string>> => {
  const folder = process.env["NODE_COMPILE_CACHE"];
  return folder === undefined ? {} : { NODE_COMPILE_CACHE: folder };
};
