import { Worker } from "node:worker_threads";
import type { ContextName } from "@tandem/contracts";
import type { EmbeddedSidecarOptions } from "@tandem/sidecar";
import type { BinaryPlan } from "../platform-plan.ts";
import type { Running } from "./start-binaries.ts";

export interface WorkersToStart {
  readonly sidecars: Omit<EmbeddedSidecarOptions, "log" | "faults" | "onSession">;
  readonly plans: readonly BinaryPlan[];
  /** Where they send their mail. */
  readonly inbox?: { readonly smtpPort: number; readonly httpPort: number } | undefined;
  /** By app id. */
  readonly logFiles: Readonly<Record<string, string>>;
  readonly sidecarLogFile: string;
}

export type ThreadRequest = { readonly kind: "start"; readonly workers: WorkersToStart } | { readonly kind: "stop" };
export type ThreadAnswer = { readonly kind: "ready" } | { readonly kind: "failed"; readonly reason: string };

export interface WorkerThread extends AsyncDisposable {
  /** Once. @throws Error when one of them does not start */
  start(workers: WorkersToStart): Promise<Running>;
}

/**
 * A thread of their own for the workers and their sidecars. In one thread with the APIs each turn of an API waits for the turns of all workers:
 * at fifty operations a second that was a second and a half for a checkout of some thirty turns.
 * @param contexts whose code it loads at once, while the rest of the platform gets ready
 */
export const openWorkerThread = (contexts: readonly ContextName[]): WorkerThread => {
  const thread = new Worker(new URL("./worker-thread.ts", import.meta.url), { name: "workers", workerData: contexts });
  const send = (request: ThreadRequest) => thread.postMessage(request);
  // Not `events.once`: that one rejects when the thread dies of an error, and whoever stops it then only wants it gone.
  const exited = new Promise<void>((resolve) => thread.once("exit", () => resolve()));
  const ended = Promise.withResolvers<never>();
  ended.promise.catch(() => {});
  const ready = Promise.withResolvers<void>();
  let stopping: Promise<void> | undefined;
  thread.on("message", (answer: ThreadAnswer) => {
    if (answer.kind === "ready") ready.resolve();
    else ended.reject(new Error(answer.reason));
  });
  thread.on("error", (error) => ended.reject(error));
  void exited.then(() => {
    if (stopping === undefined) ended.reject(new Error("the thread of the workers ended by itself"));
  });
  const stop = () => {
    if (stopping === undefined) send({ kind: "stop" });
    stopping ??= exited;
    return stopping;
  };
  return {
    start: async (workers) => {
      send({ kind: "start", workers });
      await Promise.race([ready.promise, ended.promise]);
      return { appId: "workers", failed: ended.promise, stop };
    },
    [Symbol.asyncDispose]: stop,
  };
};
