import { spawn } from "node:child_process";
import { chmod, open, readFile } from "node:fs/promises";
import { setTimeout as sleep } from "node:timers/promises";
import { AppError } from "@tandem/kernel";
import type { Binaries, ServerUser } from "./binaries.ts";
import { readPostmaster } from "./postmaster.ts";

/** Starts the server and waits until it takes connections. Returns its process id. */
export const launch = async (
  { postgres }: Binaries,
  user: ServerUser,
  dataDir: string,
  port: number,
  settings: Readonly<Record<string, string>>,
  timeoutMs: number,
): Promise<number> => {
  const logFile = `${dataDir}.log`;
  // Into a file: a pipe would break under the server when this process is killed.
  const output = await open(logFile, "w");
  await chmod(logFile, 0o600);
  const args = [
    "-D",
    dataDir,
    "-p",
    String(port),
    ...Object.entries(settings).flatMap(([key, value]) => ["-c", `${key}=${value}`]),
  ];
  // Detached: Ctrl-C goes to the whole foreground group, and the server must outlive the services that drain into it.
  const child = spawn(postgres, args, {
    ...user,
    cwd: "/",
    env: serverEnv(),
    detached: true,
    stdio: ["ignore", output.fd, output.fd],
  });
  let exit: string | undefined;
  child.once("error", (error) => {
    exit = error.message;
  });
  child.once("exit", (code, by) => {
    exit = `exit ${code ?? by}`;
  });
  child.unref();
  await output.close();
  const startedAt = performance.now();
  while (exit === undefined) {
    const postmaster = await readPostmaster(dataDir);
    if (postmaster?.ready && postmaster.pid === child.pid) return postmaster.pid;
    if (performance.now() - startedAt > timeoutMs) {
      child.kill("SIGQUIT");
      throw startFailed(`not ready within ${timeoutMs} ms`);
    }
    await sleep(10);
  }
  const tail = (await readFile(logFile, "utf8").catch(() => "")).slice(-2_000).trim();
  if (/could not bind|Address already in use/.test(tail))
    throw new AppError(
      "unavailable",
      "embedded_postgres.port_in_use",
      `Port ${port} is in use: Postgres cannot listen there`,
    );
  throw startFailed(`${exit}\n${tail}`);
};

export const serverEnv = (): NodeJS.ProcessEnv => ({ PATH: process.env["PATH"], LC_ALL: "C", TZ: "UTC" });

export const startFailed = (message: string, cause?: unknown) =>
  new AppError("unavailable", "embedded_postgres.start_failed", `Postgres did not start: ${message}`, { cause });
