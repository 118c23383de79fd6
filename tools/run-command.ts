import { spawn } from "node:child_process";
import { setPriority } from "node:os";
import { createInterface } from "node:readline";

export interface CommandOptions {
  readonly cwd?: string;
  /** Added to this process's environment. */
  readonly env?: Readonly<Record<string, string>>;
  /** Called with every line of stdout and stderr. Without it the child writes to our terminal itself. */
  readonly onLine?: (line: string) => void;
  /** Ends the child (SIGTERM). */
  readonly signal?: AbortSignal;
  /** Leaves the machine usable while it runs for minutes. Default false. */
  readonly nice?: boolean;
}

export interface CommandResult {
  /** 128 + signal number when it was killed, 127 when there is no such command: what a shell would say. */
  readonly code: number;
  /** Everything it wrote, when `onLine` was given. */
  readonly output: string;
}

/** Runs a command to its end. Never rejects: a command that cannot be started is exit code 127 and its error is the output. */
export const runCommand = (
  command: string,
  args: readonly string[],
  options: CommandOptions = {},
): Promise<CommandResult> =>
  new Promise((resolve) => {
    const { onLine } = options;
    const child = spawn(command, args, {
      cwd: options.cwd,
      env: { ...process.env, ...options.env },
      stdio: onLine === undefined ? "inherit" : ["ignore", "pipe", "pipe"],
    });
    if (options.nice === true && child.pid !== undefined) setPriority(child.pid, 5);
    const lines: string[] = [];
    for (const stream of [child.stdout, child.stderr]) {
      if (stream === null) continue;
      createInterface({ input: stream }).on("line", (line) => {
        lines.push(line);
        onLine?.(line);
      });
    }
    const abort = (): void => void child.kill("SIGTERM");
    options.signal?.addEventListener("abort", abort, { once: true });
    const end = (code: number): void => {
      options.signal?.removeEventListener("abort", abort);
      resolve({ code, output: lines.join("\n") });
    };
    child.once("error", (error) => {
      lines.push(error.message);
      end(127);
    });
    child.once("close", (code, signal) => end(code ?? (signal === "SIGKILL" ? 137 : signal === "SIGINT" ? 130 : 143)));
  });

/** Aborted by the first SIGINT, SIGTERM or SIGHUP, so that children can be ended in order. */
export const interruptSignal = (): AbortSignal => {
  const controller = new AbortController();
  for (const name of ["SIGINT", "SIGTERM", "SIGHUP"] as const) {
    process.once(name, () => controller.abort(new Error(`stopped by ${name}`)));
  }
  return controller.signal;
};
