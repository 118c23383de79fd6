import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { BinaryPlan } from "@tandem/cli/plan";
import { gatewayEntry, localPorts, serviceOf } from "@tandem/contracts";
import { localEnvironment, renderConfiguration } from "@tandem/dapr";
import type { Logger } from "@tandem/runtime";
import { type FaultInjector, startEmbeddedSidecars } from "@tandem/sidecar";
import { type Daprd, startBroker, startDaprd } from "@tandem/toolchain";

const componentsDir = join(import.meta.dirname, "../../components/local");

export interface Sidecars extends AsyncDisposable {
  /** Of the embedded ones. */
  readonly faults?: FaultInjector;
  /** Of the real ones: what may die beside our own processes. */
  readonly crashes?: SidecarCrashes;
}

export interface SidecarCrashes {
  /** kill -9; it comes back on its port with all that it had acknowledged. */
  broker(): Promise<void>;
  /** kill -9 of one daprd, and another in its place. */
  daprd(appId: string): Promise<void>;
}

export type StartSidecars = (given: {
  readonly plans: readonly BinaryPlan[];
  readonly offset: number;
  readonly databaseUrl: string;
  readonly seed: number;
  readonly log: Logger;
}) => Promise<Sidecars>;

const portOf = (plan: BinaryPlan, use: string): number => plan.ports[use] ?? 0;
const appOf = (plan: BinaryPlan) =>
  plan.kind === "api"
    ? ({ appPort: portOf(plan, "REST"), appProtocol: "http" } as const)
    : ({ appPort: portOf(plan, "callback"), appProtocol: "grpc" } as const);

/** All in this process, on Postgres; they misbehave when told. */
export const embeddedSidecars: StartSidecars = ({ plans, databaseUrl, seed, log }) =>
  startEmbeddedSidecars({
    databaseUrl,
    componentsDir,
    log,
    healthIntervalMs: 200,
    faults: { seed },
    apps: plans.map((plan) => ({
      appId: plan.appId,
      httpPort: portOf(plan, "sidecar HTTP"),
      grpcPort: portOf(plan, "sidecar gRPC"),
      ...appOf(plan),
    })),
  });

/** A real daprd for every binary, on a Redis-protocol broker that keeps what it has acknowledged. */
export const daprdSidecars: StartSidecars = async ({ plans, offset, databaseUrl }) => {
  await using stack = new AsyncDisposableStack();
  const dir = await mkdtemp(join(tmpdir(), "tandem-e2e-daprd-"));
  stack.defer(() => rm(dir, { recursive: true, force: true }));
  let broker = await startBroker({ dir, durability: "always" });
  stack.defer(() => broker[Symbol.asyncDispose]());
  const { address, port } = broker;
  const configFile = join(dir, "configuration.yaml");
  await writeFile(configFile, renderConfiguration({ ...localEnvironment, namesFile: join(dir, "names.db") }));
  const start = (plan: BinaryPlan): Promise<Daprd> => {
    const { api, worker } = localPorts(plan.context === "gateway" ? gatewayEntry : serviceOf(plan.context), offset);
    return startDaprd({
      appId: plan.appId,
      ...appOf(plan),
      resourcesDir: componentsDir,
      configFile,
      httpPort: portOf(plan, "sidecar HTTP"),
      grpcPort: portOf(plan, "sidecar gRPC"),
      metricsPort: (plan.kind === "api" ? api : worker).sidecar.metrics,
      internalGrpcPort: (plan.kind === "api" ? api : worker).sidecar.internalGrpc,
      env: { TANDEM_REDIS_HOST: address, TANDEM_STATE_URL: databaseUrl },
      // All apps share one process and two cores here: an API that is late with an answer is not down, and nothing is delivered to it.
      ...(plan.kind === "api" ? { appHealth: { intervalSeconds: 1, timeoutMs: 900, threshold: 20 } } : {}),
      args: plan.kind === "api" ? ["--app-health-check-path", "/livez"] : [],
      readyTimeoutMs: 90_000,
    });
  };
  const running = new Map<string, Daprd>();
  stack.defer(async () => {
    await Promise.allSettled([...running.values()].map((one) => one[Symbol.asyncDispose]()));
  });
  const run = async (plan: BinaryPlan): Promise<void> => {
    running.set(plan.appId, await start(plan));
  };
  const started = await Promise.allSettled(plans.map(run));
  const failure = started.find((one) => one.status === "rejected");
  if (failure) throw failure.reason;
  const owned = stack.move();
  return {
    crashes: {
      broker: async () => {
        await broker.kill();
        broker = await startBroker({ dir, port, durability: "always" });
      },
      daprd: async (appId) => {
        const plan = plans.find((one) => one.appId === appId);
        if (!plan) throw new TypeError(`no sidecar of ${appId}`);
        await running.get(appId)?.kill();
        await run(plan);
      },
    },
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
};
