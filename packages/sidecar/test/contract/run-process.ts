import { type ChildProcess, spawn } from "node:child_process";
import { closeSync, openSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { createDapr } from "@tandem/dapr";

export interface RunningProcess {
  /** Resolves when it is gone. */
  stop(signal: NodeJS.Signals): Promise<void>;
  /** What it wrote. */
  output(): Promise<string>;
}

export interface ProcessOptions {
  readonly command: string;
  readonly args: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  readonly cwd: string;
  readonly logFile: string;
}

const PATIENCE_MS = 5_000;

/** Its output goes to a file: a pipe would keep a test run alive as long as a process that outlived it. */
export const runProcess = ({ command, args, env, cwd, logFile }: ProcessOptions): RunningProcess => {
  const log = openSync(logFile, "a");
  const child = spawn(command, args, { cwd, env: { ...process.env, ...env }, stdio: ["ignore", log, log] });
  closeSync(log);
  const gone = new Promise<void>((resolve) => {
    child.once("exit", () => resolve());
    child.once("error", () => resolve());
  });
  const killAtExit = () => child.kill("SIGKILL");
  process.once("exit", killAtExit);
  return {
    stop: async (signal) => {
      await end(child, gone, signal);
      process.off("exit", killAtExit);
    },
    output: () => readFile(logFile, "utf8"),
  };
};

const end = async (child: ChildProcess, gone: Promise<void>, signal: NodeJS.Signals): Promise<void> => {
  child.kill(signal);
  const timer = setTimeout(() => child.kill("SIGKILL"), PATIENCE_MS);
  await gone;
  clearTimeout(timer);
};

/** Waits for the API of a sidecar. When it does not come up, the error shows what the process said last. */
export const waitUntilUp = async (
  ports: { readonly grpcPort: number; readonly httpPort: number },
  child: RunningProcess,
): Promise<void> => {
  const dapr = createDapr(ports);
  try {
    await dapr.waitUntilReady(undefined, { timeoutMs: 30_000 });
  } catch (error) {
    throw new Error(`no sidecar: ${(await child.output()).slice(-4_000)}`, { cause: error });
  } finally {
    dapr.close();
  }
};
