import { spawn } from "node:child_process";
import { createWriteStream } from "node:fs";
import { getPriority, setPriority } from "node:os";
import { join } from "node:path";
import type { Binary } from "@tandem/runtime";
import { type BinaryPlan, WORKERS_NICE } from "../platform-plan.ts";
import { repositoryRoot } from "../state-dir.ts";
import { loadGateway, loadService } from "./load-service.ts";

/** Something started, in this thread or elsewhere: a binary, or the thread of the workers. */
export interface Running {
  readonly appId: string;
  stop(): Promise<void>;
  /** Rejects when it ends by itself. */
  readonly failed: Promise<never>;
}

export type StartBinary = (plan: BinaryPlan) => Promise<Running>;

/** Binaries in this thread, each with its own log file. */
export const inThisThread =
  (logFile: (name: string) => string): StartBinary =>
  async ({ appId, context, kind, env }) => {
    const { startApi, startWorker } =
      context === "gateway" ? { ...(await loadGateway()), startWorker: undefined } : await loadService(context);
    const logDestination = createWriteStream(logFile(appId), { flags: "a" });
    const start = kind === "api" ? startApi : startWorker;
    if (start === undefined) throw new TypeError(`${context} has no ${kind}`);
    const binary: Binary = await start(env, { logDestination });
    return {
      appId,
      failed: binary.failed,
      stop: () => binary.stop().finally(() => logDestination.end()),
    };
  };

/** One operating-system process per binary, as in production. Each goes when this one goes, `kill -9` included. */
export const asProcesses =
  (logFile: (name: string) => string): StartBinary =>
  async ({ appId, context, kind, env, ports }) => {
    const entry = join(repositoryRoot, "services", context, "src", `${kind}.ts`);
    const log = createWriteStream(logFile(appId), { flags: "a" });
    const child = spawn(process.execPath, ["--import", join(import.meta.dirname, "exit-with-parent.ts"), entry], {
      env: {
        PATH: process.env["PATH"],
        HOME: process.env["HOME"],
        NODE_COMPILE_CACHE: process.env["NODE_COMPILE_CACHE"],
        ...env,
      },
      stdio: ["ignore", "pipe", "pipe", "ipc"],
    });
    if (kind === "worker" && child.pid !== undefined) setPriority(child.pid, Math.max(getPriority(), WORKERS_NICE));
    child.stdout?.pipe(log, { end: false });
    child.stderr?.pipe(log, { end: false });
    const exited = new Promise<number | string>((resolve) =>
      child.once("exit", (code, signal) => resolve(code ?? signal ?? 0)),
    );
    let stopping = false;
    const failed = exited.then((how) => {
      if (stopping) return new Promise<never>(() => {});
      throw new Error(`${appId} ended by itself (${how}); its log is ${logFile(appId)}`);
    });
    failed.catch(() => {});
    const port = ports[kind === "api" ? "REST" : "operations"];
    try {
      await Promise.race([untilReady(`http://127.0.0.1:${port}/readyz`), failed]);
    } catch (error) {
      stopping = true;
      child.kill("SIGKILL");
      throw error;
    }
    return {
      appId,
      failed,
      stop: async () => {
        stopping = true;
        child.kill("SIGTERM");
        await exited;
        log.end();
      },
    };
  };

const untilReady = async (url: string): Promise<void> => {
  const deadline = performance.now() + 180_000;
  for (;;) {
    const ready = await fetch(url, { signal: AbortSignal.timeout(2_000) }).then(
      ({ ok }) => ok,
      () => false,
    );
    if (ready) return;
    if (performance.now() > deadline) throw new Error(`${url} is not ready after three minutes`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
};

/**
 * All of them, started at once.
 * @throws the first failure, once those that came up are stopped
 */
export const allOrNone = async (starting: readonly Promise<Running>[]): Promise<readonly Running[]> => {
  const outcomes = await Promise.allSettled(starting);
  const running = outcomes.flatMap((outcome) => (outcome.status === "fulfilled" ? [outcome.value] : []));
  const failure = outcomes.find((outcome) => outcome.status === "rejected");
  if (!failure) return running;
  await Promise.allSettled(running.map((one) => one.stop()));
  throw failure.reason;
};
