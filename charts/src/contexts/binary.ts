import type { Environment } from "../environments/index.ts";
import type { ChartContext, Platform } from "../platform.ts";
import { apiShutdown, gatewayShutdown, type ShutdownTimes, workerShutdown } from "./shutdown-times.ts";

/** One Deployment: a binary of a context with its sidecar. */
export interface Binary {
  readonly context: string;
  readonly appId: string;
  readonly component: "api" | "worker";
  /** Of a worker. */
  readonly mode?: "all" | "event" | "cron";
  /** Name of the Deployment, its ServiceAccount, its budget and its scaling. */
  readonly name: string;
  /** By name, as the container has them. */
  readonly ports: Readonly<Record<string, number>>;
  /** Where `/livez`, `/readyz` and `/metrics` are. */
  readonly opsPort: string;
  /** Where the sidecar reaches it. */
  readonly app: { readonly port: number; readonly protocol: "http" | "grpc" };
  readonly shutdown: ShutdownTimes;
}

export const sidecarPorts = { http: 3500, grpc: 50_001, internalGrpc: 50_002, metrics: 9090 } as const;

const apiPorts = ({ number }: { readonly number: number }) => ({ http: 8000 + number, grpc: 9000 + number });
const workerPorts = { app: 5005, ops: 8081 } as const;

export const apiOf = (context: Pick<ChartContext, "context" | "number" | "apiAppId">): Binary => {
  const ports = apiPorts(context);
  return {
    context: context.context,
    appId: context.apiAppId,
    component: "api",
    name: context.apiAppId,
    ports,
    opsPort: "http",
    app: { port: ports.http, protocol: "http" },
    shutdown: apiShutdown,
  };
};

/**
 * In one Deployment, or consumers and the clock each in its own: the same app id, so that they share subscriptions and jobs. Dapr's operator
 * then lets the app id's Service lead to the one or the other, and nobody calls it.
 */
export const workersOf = ({ context, workerAppId }: ChartContext, { workerModes }: Environment): readonly Binary[] =>
  workerModes.map((mode) => ({
    context,
    appId: workerAppId,
    component: "worker",
    mode,
    name: mode === "all" ? workerAppId : `${workerAppId}-${mode}`,
    ports: workerPorts,
    opsPort: "ops",
    app: { port: workerPorts.app, protocol: "grpc" },
    shutdown: workerShutdown,
  }));

/** The door: an API whose probes and metrics have a port of their own, away from the world. */
export const gatewayOf = (gateway: Platform["gateway"]): Binary => {
  const api = apiOf(gateway);
  return { ...api, ports: { ...api.ports, ops: workerPorts.ops }, opsPort: "ops", shutdown: gatewayShutdown };
};
