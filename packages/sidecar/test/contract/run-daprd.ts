import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createTestDatabase, pollUntil } from "@tandem/testkit";
import { findTool, requireTool } from "@tandem/toolchain";
import { freePorts } from "../free-ports.ts";
import { type AppPorts, apiToken, appApiToken, type Implementation } from "./implementation.ts";
import { type RunningProcess, runProcess, waitUntilUp } from "./run-process.ts";
import { contractConfiguration, renderContractComponents } from "./topology.ts";

/** Why daprd cannot be tested here; undefined when it can. */
export const daprdMissing = (): string | undefined => {
  for (const name of ["daprd", "broker"] as const) {
    const tool = findTool(name);
    if (!tool.found) return tool.reason;
  }
  return undefined;
};

/** A daprd for each app, on a Redis-protocol broker and Postgres. */
export const daprd: Implementation = {
  name: "daprd",
  start: async (apps) => {
    const { path: daprdPath } = requireTool("daprd");
    await using stack = new AsyncDisposableStack();
    const database = stack.use(await createTestDatabase());
    const dir = await mkdtemp(join(tmpdir(), "tandem-daprd-"));
    stack.defer(() => rm(dir, { recursive: true, force: true }));
    await mkdir(join(dir, "components"));
    const files = Object.entries(renderContractComponents());
    await Promise.all(files.map(([name, text]) => writeFile(join(dir, "components", name), text)));
    await writeFile(join(dir, "configuration.yaml"), contractConfiguration);
    const redisPort = await startValkey(dir, stack);

    const env = {
      TANDEM_REDIS_HOST: `127.0.0.1:${redisPort}`,
      TANDEM_STATE_URL: database.url,
      DAPR_API_TOKEN: apiToken,
      APP_API_TOKEN: appApiToken,
    };
    const running = new Map<string, RunningProcess>();
    const ports = new Map<string, Ports>();
    const free = await freePorts(Object.keys(apps).length * 4);
    for (const [at, appId] of Object.keys(apps).entries()) {
      const [httpPort = 0, grpcPort = 0, internalPort = 0, metricsPort = 0] = free.slice(at * 4);
      ports.set(appId, { httpPort, grpcPort, internalPort, metricsPort });
    }
    const run = async (appId: string, app: AppPorts) => {
      const own = ports.get(appId) as Ports;
      const args = argumentsOf(appId, app, own, dir);
      const child = runProcess({
        command: daprdPath,
        args,
        env,
        cwd: dir,
        logFile: join(dir, `${appId}.log`),
      });
      running.set(appId, child);
      await waitUntilUp(own, child);
    };
    stack.defer(async () => {
      await Promise.all([...running.values()].map((one) => one.stop("SIGKILL")));
    });
    await Promise.all(Object.entries(apps).map(([appId, app]) => run(appId, app)));
    const moved = stack.move();
    return {
      ports: (appId) => {
        const found = ports.get(appId);
        if (found === undefined) throw new Error(`no app ${appId}`);
        return found;
      },
      crash: async (appId) => {
        await running.get(appId)?.stop("SIGKILL");
        await run(appId, apps[appId] as AppPorts);
      },
      [Symbol.asyncDispose]: () => moved.disposeAsync(),
    };
  },
};

interface Ports {
  readonly httpPort: number;
  readonly grpcPort: number;
  readonly internalPort: number;
  readonly metricsPort: number;
}

const argumentsOf = (appId: string, app: AppPorts, ports: Ports, dir: string): string[] => [
  ...["--app-id", appId, "--app-port", String(app.appPort), "--app-protocol", app.protocol],
  ...["--dapr-http-port", String(ports.httpPort), "--dapr-grpc-port", String(ports.grpcPort)],
  ...["--dapr-internal-grpc-port", String(ports.internalPort), "--metrics-port", String(ports.metricsPort)],
  ...["--resources-path", join(dir, "components"), "--config", join(dir, "configuration.yaml"), "--log-level", "info"],
  ...["--dapr-graceful-shutdown-seconds", "1"],
  ...(app.protocol === "grpc"
    ? ["--enable-app-health-check", "--app-health-probe-interval", "1", "--app-health-threshold", "1"]
    : []),
];

const startValkey = async (dir: string, stack: AsyncDisposableStack): Promise<number> => {
  const { path } = requireTool("broker");
  const [port = 0] = await freePorts(1);
  const logFile = join(dir, "valkey.log");
  const args = ["--port", String(port), "--bind", "127.0.0.1", "--save", "", "--appendonly", "no"];
  const valkey = runProcess({ command: path, args, cwd: dir, logFile });
  stack.defer(() => valkey.stop("SIGKILL"));
  await pollUntil(async () => (await valkey.output()).includes("Ready to accept connections"), { message: "valkey" });
  return port;
};
