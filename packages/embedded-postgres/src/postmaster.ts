import { execFile } from "node:child_process";
import { readFileSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { promisify } from "node:util";

/** What a running server writes about itself into its data directory. */
export interface Postmaster {
  readonly pid: number;
  readonly port: number;
  readonly ready: boolean;
}

const run = promisify(execFile);

/** The content of `postmaster.pid`; undefined when there is none or it is still being written. */
export const readPostmaster = async (dataDir: string): Promise<Postmaster | undefined> => {
  const text = await readFile(join(dataDir, "postmaster.pid"), "utf8").catch(() => "");
  const lines = text.split("\n");
  const pid = Number(lines[0]);
  const port = Number(lines[3]);
  if (!Number.isInteger(pid) || pid <= 0 || !Number.isInteger(port)) return undefined;
  return { pid, port, ready: lines[7]?.trim() === "ready" };
};

/** Whether process `pid` runs. A zombie does not. */
export const isAlive = (pid: number): boolean => {
  try {
    process.kill(pid, 0);
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "EPERM";
  }
  return !isZombie(pid);
};

// In a container without an init process nobody collects what a killed parent left: dead, yet it takes signals.
const isZombie = (pid: number): boolean => {
  try {
    return /\) [ZX] /.test(readFileSync(`/proc/${pid}/stat`, "utf8"));
  } catch {
    return false;
  }
};

/**
 * Whether process `pid` is a Postgres server on `dataDir`: after a crash the number in the file may belong to anybody,
 * and a stranger must not be signalled.
 */
export const isPostgresOn = async (pid: number, dataDir: string): Promise<boolean> => {
  if (!isAlive(pid)) return false;
  const command = await readFile(`/proc/${pid}/cmdline`, "utf8")
    .then((text) => text.replaceAll("\0", " "))
    .catch(() => run("ps", ["-ww", "-o", "command=", "-p", String(pid)]).then(({ stdout }) => stdout))
    .catch(() => "");
  // `postgres: ...` is how a backend that outlived its postmaster names itself.
  return command.includes("postgres") && (command.includes(dataDir) || command.startsWith("postgres:"));
};

/**
 * Stops the server: fast shutdown (clients are cut off, data is safe), and after `patienceMs` an immediate one (the next
 * start recovers). Resolves when the process is gone.
 */
export const stopPostmaster = async (pid: number, patienceMs = 15_000): Promise<void> => {
  signal(pid, "SIGINT");
  const startedAt = performance.now();
  let urged = false;
  while (isAlive(pid)) {
    if (!urged && performance.now() - startedAt > patienceMs) {
      signal(pid, "SIGQUIT");
      urged = true;
    }
    await sleep(10);
  }
};

export const signal = (pid: number, name: NodeJS.Signals): void => {
  try {
    process.kill(pid, name);
  } catch {
    // gone already
  }
};
