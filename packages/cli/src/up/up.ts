import { join } from "node:path";
import { createLocalInbox } from "@tandem/local-inbox";
import { startEmbeddedSidecars } from "@tandem/sidecar";
import { type BinaryPlan, contextsToRun } from "../platform-plan.ts";
import type { Progress } from "../progress.ts";
import { repositoryRoot } from "../state-dir.ts";
import { greet } from "./greet.ts";
import { openWorkerThread } from "./open-worker-thread.ts";
import { prepare } from "./prepare.ts";
import { allOrNone, asProcesses, inThisThread, type Running } from "./start-binaries.ts";

export interface UpOptions {
  readonly demo: boolean;
  readonly reset: boolean;
  readonly portOffset: number;
  readonly only?: readonly string[] | undefined;
  readonly processes: boolean;
  readonly logLevel: string;
  readonly otlpEndpoint?: string | undefined;
}

/** A platform that runs until it is disposed of. */
export interface RunningPlatform extends AsyncDisposable {
  /** Rejects when a part of it ends by itself. */
  readonly failed: Promise<never>;
}

/** Brings the whole platform up on this machine: Postgres, migrations, embedded sidecars, binaries, a small shop, an order. */
export const up = async (options: UpOptions, progress: Progress): Promise<RunningPlatform> => {
  const { portOffset: offset, only } = options;
  await using stack = new AsyncDisposableStack();
  // First of all: it loads its code on another core while Postgres starts.
  const thread = options.processes
    ? undefined
    : stack.use(openWorkerThread(contextsToRun(only).map(({ context }) => context)));
  const { state, contexts, gateway, people, sidecarDatabaseSocketUrl, inbox, log } = await prepare(
    { ...options, sidecarDatabase: { database: "sidecar_db", user: "sidecar_svc" } },
    progress,
    stack,
  );
  const apis = [...contexts.map(({ api }) => api), gateway];
  const workers = contexts.map(({ worker }) => worker);
  const sidecarsOf = (plans: readonly BinaryPlan[], peers: readonly BinaryPlan[] = []) => ({
    databaseUrl: sidecarDatabaseSocketUrl,
    componentsDir: join(repositoryRoot, "components/local"),
    apps: plans.map(sidecarOf),
    peers: peers.map(sidecarOf),
  });
  if (inbox && options.processes) stack.use(await createLocalInbox(inbox));
  const sidecars = options.processes ? sidecarsOf([...apis, ...workers]) : sidecarsOf(apis);
  stack.use(await progress.step("embedded sidecars", () => startEmbeddedSidecars({ ...sidecars, log })));

  const start = options.processes ? asProcesses(state.logFile) : inThisThread(state.logFile);
  const startWorkers = () =>
    thread === undefined
      ? workers.map(start)
      : [
          thread.start({
            sidecars: sidecarsOf(workers, apis),
            plans: workers,
            inbox,
            logFiles: Object.fromEntries(workers.map(({ appId }) => [appId, state.logFile(appId)])),
            sidecarLogFile: state.logFile("tandem"),
          }),
        ];
  const how = options.processes ? "a process each" : "in two threads of this process";
  const running = await progress.step(
    `${contexts.length} APIs and ${contexts.length} workers, and the gateway, ${how}`,
    () => allOrNone([...startWorkers(), ...apis.map(start)]),
  );
  stack.defer(() => stopAll(running, apis));
  await state.announce({
    mode: "embedded",
    pid: process.pid,
    offset,
    contexts: contexts.map(({ service }) => service.context),
  });
  stack.defer(() => state.withdraw());
  await greet({ ...options, partial: only !== undefined }, contexts, gateway, people, progress);

  const failed = Promise.race(running.map((one) => one.failed));
  failed.catch(() => {});
  const owned = stack.move();
  return { failed, [Symbol.asyncDispose]: () => owned.disposeAsync() };
};

const sidecarOf = ({ appId, kind, ports }: BinaryPlan) => ({
  appId,
  httpPort: ports["sidecar HTTP"] ?? 0,
  grpcPort: ports["sidecar gRPC"] ?? 0,
  appPort: ports[kind === "api" ? "REST" : "callback"] ?? 0,
  appProtocol: kind === "api" ? ("http" as const) : ("grpc" as const),
});

const stopAll = async (running: readonly Running[], apis: readonly BinaryPlan[]): Promise<void> => {
  const isApi = ({ appId }: Running) => apis.some((api) => api.appId === appId);
  // Workers first: what is in flight may still call an API.
  await Promise.allSettled(running.filter((one) => !isApi(one)).map((one) => one.stop()));
  await Promise.allSettled(running.filter(isApi).map((one) => one.stop()));
};
