import { join } from "node:path";
import { startEmbeddedSidecars } from "@tandem/sidecar";
import type { BinaryPlan } from "../platform-plan.ts";
import type { Progress } from "../progress.ts";
import { repositoryRoot } from "../state-dir.ts";
import { greet } from "./greet.ts";
import { keepHeapSmall } from "./keep-heap-small.ts";
import { prepare } from "./prepare.ts";
import { asProcesses, inThisProcess, type Running, startBinaries } from "./start-binaries.ts";

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
  if (!options.processes) keepHeapSmall();
  await using stack = new AsyncDisposableStack();
  const { state, contexts, gateway, people, sidecarDatabaseSocketUrl, log } = await prepare(
    { ...options, sidecarDatabase: { database: "sidecar_db", user: "sidecar_svc" } },
    progress,
    stack,
  );
  stack.use(
    await progress.step("embedded sidecars", () =>
      startEmbeddedSidecars({
        databaseUrl: sidecarDatabaseSocketUrl,
        componentsDir: join(repositoryRoot, "components/local"),
        apps: [...contexts.flatMap(({ api, worker }) => [api, worker]), gateway].map(sidecarOf),
        log,
      }),
    ),
  );

  const start = options.processes ? asProcesses(state.logFile) : inThisProcess(state.logFile);
  const how = options.processes ? "a process each" : "in one process";
  const running = await progress.step(
    `${contexts.length} APIs and ${contexts.length} workers, and the gateway, ${how}`,
    () => startBinaries(contexts, gateway, start),
  );
  stack.defer(() => stopAll(running));
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

const stopAll = async (running: readonly Running[]): Promise<void> => {
  // Workers first: what is in flight may still call an API.
  const workers = running.filter(({ appId }) => appId.endsWith("-worker"));
  await Promise.allSettled(workers.map((one) => one.stop()));
  await Promise.allSettled(running.filter((one) => !workers.includes(one)).map((one) => one.stop()));
};
