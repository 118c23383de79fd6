import { join } from "node:path";
import type { BinaryPlan } from "@tandem/cli/plan";
import { type Program, startProgram } from "@tandem/toolchain";

const root = join(import.meta.dirname, "../..");

export interface WorkerProcess extends AsyncDisposable {
  /** kill -9. */
  kill(): Promise<void>;
  /** Kill -9, and the next one with a fault point (`mid-batch:3`); its death is what `ended` waits for. */
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
  const launch = (faultPoint?: string): Promise<Program> =>
    startProgram({
      name: appId,
      command: process.execPath,
      args: ["--no-warnings", join(root, "services", context, "src/worker.ts"), ...args],
      cwd: root,
      env: {
        PATH: process.env["PATH"] ?? "",
        HOME: process.env["HOME"] ?? "",
        ...env,
        ...(faultPoint === undefined ? {} : { TANDEM_FAULT_POINT: faultPoint }),
      },
      readyTimeoutMs: 60_000,
      // One with a fault point may die before it is ready: that is its purpose.
      ready: async (signal) =>
        faultPoint !== undefined || (await fetch(`http://127.0.0.1:${ports["operations"]}/readyz`, { signal })).ok,
    });
  let program = await launch();
  return {
    kill: async () => {
      await program.kill();
    },
    restart: async (faultPoint) => {
      await program.kill();
      program = await launch(faultPoint);
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
