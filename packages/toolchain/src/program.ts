import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { createInterface } from "node:readline";
import { setTimeout as delay } from "node:timers/promises";
import { isPortFree } from "./free-ports.ts";

export interface ProgramOptions {
  /** For messages: `daprd order-worker`. */
  readonly name: string;
  readonly command: string;
  readonly args: readonly string[];
  /** The whole environment of the child. Default: PATH, HOME, TMPDIR and LANG of this process, nothing else. */
  readonly env?: Readonly<Record<string, string>>;
  /** Default: this process's. */
  readonly cwd?: string;
  /** Called with every line of stdout and stderr. */
  readonly log?: (line: string) => void;
  /** Polled every 20 ms until it resolves to true. Rejections count as "not yet". `pid` tells our child from a stranger on its port. */
  readonly ready: (signal: AbortSignal, pid: number) => Promise<boolean>;
  /** Ports on 127.0.0.1 that it is going to listen on; one that is taken is an error that names it. */
  readonly ports?: readonly number[];
  /** Default 30_000. */
  readonly readyTimeoutMs?: number;
  /** Ends the wait for readiness and stops the child. */
  readonly signal?: AbortSignal;
}

export interface ProgramExit {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

/** A running child. It dies with this process (Linux: even when this process is killed by SIGKILL). */
export interface Program extends AsyncDisposable {
  readonly pid: number;
  /** Resolves when the child is gone, for whatever reason; never rejects. */
  readonly exited: Promise<ProgramExit>;
  /** The last lines of its output, at most 400, oldest first. */
  lines(): readonly string[];
  /** SIGTERM, then SIGKILL after `graceMs` (default 10_000). Idempotent. */
  stop(graceMs?: number): Promise<ProgramExit>;
  /** `kill -9`: no goodbye. Resolves when it is gone. */
  kill(): Promise<ProgramExit>;
  /** SIGSTOP and SIGCONT: a process that is there and does not answer. */
  pause(): void;
  resume(): void;
}

/** The child ended, or was not ready in time. The message carries its last lines. */
export class ProgramFailedError extends Error {
  override readonly name = "ProgramFailedError";
}

const keptLines = 400;
const shownLines = 15;
const pollMs = 20;

/**
 * Starts a program and waits until it is ready.
 * @throws ProgramFailedError when a port is taken, when it ends before it is ready, or is not ready within `readyTimeoutMs`;
 *   it is stopped then.
 */
export const startProgram = async (options: ProgramOptions): Promise<Program> => {
  const { name, readyTimeoutMs = 30_000 } = options;
  options.signal?.throwIfAborted();
  for (const port of options.ports ?? []) {
    // Without this, whoever holds the port might answer our question for readiness.
    if (!(await isPortFree(port))) throw new ProgramFailedError(`${name} cannot start: port ${port} is in use`);
  }
  const program = launch(options);
  const within = AbortSignal.timeout(readyTimeoutMs);
  const signal = options.signal === undefined ? within : AbortSignal.any([within, options.signal]);
  let gone: ProgramExit | undefined;
  void program.exited.then((exit) => {
    gone = exit;
  });
  try {
    while (!(await options.ready(signal, program.pid).catch(() => false))) {
      if (gone !== undefined) throw failed(name, `ended (${describeExit(gone)}) before it was ready`, program);
      options.signal?.throwIfAborted();
      if (within.aborted) throw failed(name, `was not ready within ${readyTimeoutMs} ms`, program);
      await Promise.race([delay(pollMs), program.exited]);
    }
    return program;
  } catch (error) {
    await program.stop(1_000);
    throw error;
  }
};

// One listener for all: Node warns of a leak when thirty programs bring one each.
const running = new Set<ChildProcess>();
const killAll = (): void => {
  for (const child of running) child.kill("SIGKILL");
};

const launch = (options: ProgramOptions): Program => {
  const [command, ...args] = dyingWithParent([options.command, ...options.args]);
  const child = spawn(command, args, {
    cwd: options.cwd,
    env: { ...(options.env ?? inheritedEnv()) },
    stdio: ["ignore", "pipe", "pipe"],
  });
  const lines: string[] = [];
  const keep = (line: string): void => {
    lines.push(line);
    if (lines.length > keptLines) lines.shift();
    options.log?.(line);
  };
  for (const stream of [child.stdout, child.stderr]) createInterface({ input: stream }).on("line", keep);

  running.add(child);
  if (running.size === 1) process.on("exit", killAll);
  const exited = new Promise<ProgramExit>((resolve) => {
    child.once("error", (error) => {
      keep(error.message);
      resolve({ code: null, signal: null });
    });
    // "close", not "exit": its last words have been read by then.
    child.once("close", (code, signal) => resolve({ code, signal }));
  }).finally(() => {
    running.delete(child);
    if (running.size === 0) process.off("exit", killAll);
  });

  const stop = async (graceMs = 10_000): Promise<ProgramExit> => {
    signalChild(child, "SIGTERM");
    // A stopped process (SIGSTOP) does not see SIGTERM before it continues.
    signalChild(child, "SIGCONT");
    const patience = new AbortController();
    const overdue = delay(graceMs, "overdue" as const, { signal: patience.signal }).catch(() => "done" as const);
    if ((await Promise.race([exited, overdue])) === "overdue") signalChild(child, "SIGKILL");
    patience.abort();
    return exited;
  };
  return {
    pid: child.pid ?? 0,
    exited,
    lines: () => [...lines],
    stop,
    kill: () => {
      signalChild(child, "SIGKILL");
      return exited;
    },
    pause: () => signalChild(child, "SIGSTOP"),
    resume: () => signalChild(child, "SIGCONT"),
    [Symbol.asyncDispose]: async () => {
      await stop();
    },
  };
};

const signalChild = (child: ChildProcess, signal: NodeJS.Signals): void => {
  if (child.exitCode === null && child.signalCode === null) child.kill(signal);
};

const failed = (name: string, what: string, program: Program): ProgramFailedError => {
  const tail = program.lines().slice(-shownLines);
  return new ProgramFailedError([`${name} ${what}`, ...tail.map((line) => `  ${line}`)].join("\n"));
};

const describeExit = ({ code, signal }: ProgramExit): string =>
  signal !== null ? `killed by ${signal}` : code !== null ? `exit code ${code}` : "could not be started";

const inheritedEnv = (): Record<string, string> =>
  Object.fromEntries(
    ["PATH", "HOME", "TMPDIR", "LANG"].flatMap((key) => {
      const value = process.env[key];
      return value === undefined ? [] : [[key, value]];
    }),
  );

let parentDeathPrefix: readonly string[] | undefined;

/** util-linux's setpriv asks the kernel to kill the child when we die, `kill -9` included; elsewhere an exit hook must do. */
const dyingWithParent = (command: readonly [string, ...string[]]): readonly [string, ...string[]] => {
  parentDeathPrefix ??= findParentDeathPrefix();
  const [first, ...rest] = [...parentDeathPrefix, ...command];
  return first === undefined ? command : [first, ...rest];
};

const findParentDeathPrefix = (): readonly string[] => {
  if (process.platform !== "linux") return [];
  try {
    const help = execFileSync("setpriv", ["--help"], { encoding: "utf8", stdio: ["ignore", "pipe", "ignore"] });
    return help.includes("--pdeathsig") ? ["setpriv", "--pdeathsig", "KILL"] : [];
  } catch {
    return [];
  }
};
