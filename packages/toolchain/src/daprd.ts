import { mkdirSync, rmSync, symlinkSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { type FindToolOptions, requireTool } from "./find-tool.ts";
import { freePorts } from "./free-ports.ts";
import { type Program, ProgramFailedError, startProgram } from "./program.ts";

export interface DaprdOptions {
  readonly appId: string;
  /** Where the app listens. daprd waits for this port before it subscribes: listen first. Default: no app. */
  readonly appPort?: number;
  /** Default `grpc`. */
  readonly appProtocol?: "grpc" | "http" | "h2c";
  /** Folder or folders with components, subscriptions and resiliency. */
  readonly resourcesDir: string | readonly string[];
  /** A Configuration file (name resolution, tracing, access control). */
  readonly configFile?: string;
  /** Each defaults to a free port. */
  readonly httpPort?: number;
  readonly grpcPort?: number;
  readonly internalGrpcPort?: number;
  /** Default: metrics off. */
  readonly metricsPort?: number;
  /**
   * Probes the app, so that nothing is delivered while it is down (without it such messages are lost).
   * Default when there is an app: every second, 900 ms for an answer (daprd insists on less than the interval), unhealthy after
   * two failures. `false` turns it off.
   */
  readonly appHealth?:
    | { readonly intervalSeconds: number; readonly timeoutMs: number; readonly threshold: number }
    | false;
  /** Callers of the sidecar must send it as `dapr-api-token`. */
  readonly apiToken?: string;
  /** The sidecar sends it to the app as `dapr-api-token`. */
  readonly appApiToken?: string;
  /** More environment for the child, such as what `secretstores.local.env` reads. */
  readonly env?: Readonly<Record<string, string>>;
  /** Default `info`. */
  readonly logLevel?: "debug" | "info" | "warn" | "error";
  readonly log?: (line: string) => void;
  /** In-flight work after SIGTERM. Default 5. */
  readonly gracefulShutdownSeconds?: number;
  /** More flags, as they are. */
  readonly args?: readonly string[];
  /** Default 30_000. */
  readonly readyTimeoutMs?: number;
  readonly signal?: AbortSignal;
  /** Default: what {@link requireTool} finds. */
  readonly command?: string;
}

export interface Daprd extends Program {
  readonly appId: string;
  readonly httpPort: number;
  readonly grpcPort: number;
  /**
   * Waits until the sidecar has asked the app and holds a subscription to each of `topics`. Being ready says nothing about that.
   * @throws ProgramFailedError when one is still missing after `timeoutMs` (default 15_000)
   */
  untilSubscribed(topics: readonly string[], timeoutMs?: number): Promise<void>;
}

const steadyMs = 80;
const defaultAppHealth = { intervalSeconds: 1, timeoutMs: 900, threshold: 2 } as const;

/**
 * Starts a real sidecar in standalone mode on 127.0.0.1 and waits for `/v1.0/healthz/outbound`: components are loaded and its
 * API answers. With an `appPort` that nobody listens on yet it is ready for outbound calls all the same, and subscribes later.
 * @throws ToolMissingError when there is no daprd, ProgramFailedError with its last lines when it does not come up.
 */
export const startDaprd = async (options: DaprdOptions): Promise<Daprd> => {
  const command = options.command ?? requireTool("daprd").path;
  const [freeHttp = 0, freeGrpc = 0, freeInternal = 0] = await freePorts(3);
  const { appId, httpPort = freeHttp, grpcPort = freeGrpc, internalGrpcPort = freeInternal } = options;
  const program = await startProgram({
    name: `daprd ${appId}`,
    command,
    args: flags(options, { httpPort, grpcPort, internalGrpcPort }),
    env: environment(options),
    ports: [httpPort, grpcPort, internalGrpcPort],
    // Twice, apart: daprd says "ready" for some 20 ms before it ends over a component that cannot be initialized.
    ready: async (signal) => {
      if (!(await isOutboundReady(httpPort, signal))) return false;
      await delay(steadyMs, undefined, { signal });
      return isOutboundReady(httpPort, signal);
    },
    ...(options.readyTimeoutMs !== undefined && { readyTimeoutMs: options.readyTimeoutMs }),
    ...(options.log && { log: options.log }),
    ...(options.signal && { signal: options.signal }),
  });
  return {
    ...program,
    appId,
    httpPort,
    grpcPort,
    untilSubscribed: async (topics, timeoutMs = 15_000) => {
      const deadline = AbortSignal.timeout(timeoutMs);
      for (;;) {
        const held = await subscribedTopics(httpPort, options.apiToken).catch((): string[] => []);
        const missing = topics.filter((topic) => !held.includes(topic));
        if (missing.length === 0) return;
        if (deadline.aborted) {
          throw new ProgramFailedError(
            `daprd ${appId} has not subscribed to ${missing.join(", ")} within ${timeoutMs} ms`,
          );
        }
        await delay(50);
      }
    },
  };
};

const isOutboundReady = async (httpPort: number, signal: AbortSignal): Promise<boolean> => {
  const answer = await fetch(`http://127.0.0.1:${httpPort}/v1.0/healthz/outbound`, { signal });
  await answer.body?.cancel();
  return answer.ok;
};

const subscribedTopics = async (httpPort: number, apiToken: string | undefined): Promise<string[]> => {
  const headers = apiToken === undefined ? {} : { "dapr-api-token": apiToken };
  const answer = await fetch(`http://127.0.0.1:${httpPort}/v1.0/metadata`, { headers });
  const metadata = (await answer.json()) as { readonly subscriptions?: readonly { readonly topic: string }[] };
  return (metadata.subscriptions ?? []).map(({ topic }) => topic);
};

const flags = (
  options: DaprdOptions,
  ports: { readonly httpPort: number; readonly grpcPort: number; readonly internalGrpcPort: number },
): string[] => {
  const {
    appHealth = defaultAppHealth,
    appProtocol = "grpc",
    gracefulShutdownSeconds = 5,
    logLevel = "info",
  } = options;
  const resources = typeof options.resourcesDir === "string" ? [options.resourcesDir] : options.resourcesDir;
  const given: string[] = [
    ...["--mode", "standalone", "--app-id", options.appId],
    ...["--dapr-http-port", `${ports.httpPort}`, "--dapr-grpc-port", `${ports.grpcPort}`],
    ...["--dapr-internal-grpc-port", `${ports.internalGrpcPort}`, "--dapr-listen-addresses", "127.0.0.1"],
    ...["--dapr-internal-grpc-listen-address", "127.0.0.1"],
    ...["--log-level", logLevel, "--dapr-graceful-shutdown-seconds", `${gracefulShutdownSeconds}`],
    ...resources.flatMap((folder) => ["--resources-path", folder]),
  ];
  if (options.configFile !== undefined) given.push("--config", options.configFile);
  if (options.metricsPort === undefined) given.push("--enable-metrics=false");
  else given.push("--metrics-port", `${options.metricsPort}`, "--metrics-listen-address", "127.0.0.1");
  if (options.appPort !== undefined) given.push("--app-port", `${options.appPort}`, "--app-protocol", appProtocol);
  if (options.appPort !== undefined && appHealth !== false) {
    given.push("--enable-app-health-check", "--app-health-probe-interval", `${appHealth.intervalSeconds}`);
    given.push(
      "--app-health-probe-timeout",
      `${appHealth.timeoutMs}`,
      "--app-health-threshold",
      `${appHealth.threshold}`,
    );
  }
  return [...given, ...(options.args ?? [])];
};

// A sidecar must not see this process's DAPR_* or tokens: it would take them for its own.
const environment = (options: DaprdOptions): Record<string, string> => ({
  PATH: process.env["PATH"] ?? "",
  HOME: process.env["HOME"] ?? "",
  ...(options.apiToken !== undefined && { DAPR_API_TOKEN: options.apiToken }),
  ...(options.appApiToken !== undefined && { APP_API_TOKEN: options.appApiToken }),
  ...options.env,
});

/**
 * Lays out `<dir>/.dapr/bin/daprd`, which is where the dapr CLI looks when it is given `--runtime-path <dir>`.
 * @returns `dir`
 * @throws ToolMissingError when there is no daprd
 */
export const linkDaprRuntime = (dir: string, options: FindToolOptions = {}): string => {
  const { path } = requireTool("daprd", options);
  const folder = join(dir, ".dapr/bin");
  mkdirSync(folder, { recursive: true });
  mkdirSync(join(dir, ".dapr/components"), { recursive: true });
  const link = join(folder, "daprd");
  rmSync(link, { force: true });
  symlinkSync(path, link);
  return dir;
};
