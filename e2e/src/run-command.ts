import { type ChildProcess, spawn } from "node:child_process";
import { join } from "node:path";
import { pollUntil } from "@tandem/testkit";

const root = join(import.meta.dirname, "../..");

export interface RunningCommand extends AsyncDisposable {
  /** All that it has printed so far, both streams. */
  output(): string;
  /** Waits until it has printed this. @throws Error with all of its output when it ends before, or takes longer */
  untilPrinted(what: RegExp, timeoutMs: number): Promise<void>;
  /** Ctrl-C, and then its exit code. */
  interrupt(): Promise<number | null>;
  /** `kill -9`, of it alone. */
  kill(): Promise<void>;
  readonly exitCode: Promise<number | null>;
}

/** A command of the README behind `tools/bootstrap.mjs`, whose own test is another: `up`, `dapr`, `demo`, `dlq`. */
export const runCommand = (...args: readonly string[]): RunningCommand => {
  const child = spawn(process.execPath, ["--no-warnings", join(root, "packages/cli/src/main.ts"), ...args], {
    cwd: root,
    stdio: ["ignore", "pipe", "pipe"],
  });
  let output = "";
  for (const stream of [child.stdout, child.stderr]) stream.on("data", (data: Buffer) => (output += data));
  const exitCode = new Promise<number | null>((resolve) => child.once("close", (code) => resolve(code)));
  const end = async (signal: NodeJS.Signals) => {
    signalOnce(child, signal);
    return exitCode;
  };
  return {
    output: () => output,
    exitCode,
    untilPrinted: async (what, timeoutMs) => {
      const ended = () => child.exitCode !== null || child.signalCode !== null;
      try {
        await pollUntil(() => what.test(output) || ended(), { timeoutMs, intervalMs: 100 });
      } catch (cause) {
        throw new Error(`tandem ${args.join(" ")} has not printed ${what} after ${timeoutMs} ms:\n${output}`, {
          cause,
        });
      }
      if (!what.test(output)) throw new Error(`tandem ${args.join(" ")} ended without printing ${what}:\n${output}`);
    },
    interrupt: () => end("SIGINT"),
    kill: async () => {
      await end("SIGKILL");
    },
    [Symbol.asyncDispose]: async () => {
      if (child.exitCode !== null || child.signalCode !== null) return;
      const patience = setTimeout(() => signalOnce(child, "SIGKILL"), 30_000);
      await end("SIGINT");
      clearTimeout(patience);
    },
  };
};

const signalOnce = (child: ChildProcess, signal: NodeJS.Signals): void => {
  if (child.exitCode === null && child.signalCode === null) child.kill(signal);
};
