import { createTokenVerifier } from "@tandem/dapr/protocol";
import { createUnaryServer } from "@tandem/dapr/unary-grpc";
import { AppError } from "@tandem/kernel";
import type { Logger } from "@tandem/runtime";
import type { ClientBase } from "pg";
import { createSidecarMetadata } from "./describe-sidecar.ts";
import { createFaults, type FaultInjector, type Faults } from "./faults.ts";
import { type HostedApp, hostApp } from "./host-app.ts";
import { createInvokeProxy } from "./invoke-app.ts";
import { listenH2c, listenHttp } from "./listen.ts";
import { type LoadedComponents, loadComponents, visibleTo } from "./load-components.ts";
import { createMessageLog, type MessageLog } from "./message-log.ts";
import { openStorage, type Storage } from "./open-storage.ts";
import { removeOldRows } from "./remove-old-rows.ts";
import { serveGrpc } from "./serve-grpc.ts";
import { serveHttp } from "./serve-http.ts";
import { createSidecarApi } from "./sidecar-api.ts";

/** One app and the ports of its sidecar; port 0 takes a free one. */
export interface SidecarApp {
  readonly appId: string;
  readonly grpcPort: number;
  readonly httpPort: number;
  /** Absent: the app is only a caller. */
  readonly appPort?: number;
  /** grpc: a worker with a callback server. http: an API, which others invoke. */
  readonly appProtocol: "grpc" | "http";
  /** What callers of this sidecar must send. */
  readonly apiToken?: string;
  /** What this sidecar sends to the app. */
  readonly appApiToken?: string;
}

export interface EmbeddedSidecarOptions {
  /** A database of the sidecar's own. */
  readonly databaseUrl: string;
  /** Where daprd's component YAML lies. */
  readonly componentsDir: string;
  readonly apps: readonly SidecarApp[];
  /** APIs whose sidecars others on this database host: these here may invoke them as well. */
  readonly peers?: readonly Pick<SidecarApp, "appId" | "appPort" | "appProtocol">[];
  /** Misbehave, for tests. */
  readonly faults?: Partial<Faults> & { readonly seed?: number };
  readonly log: Logger;
  /** Told of each connection to the database, once it is made. */
  readonly onSession?: (session: ClientBase) => void;
  /** Delivered messages are kept this long, for subscriptions that come later: default one day. */
  readonly retentionMs?: number;
  /** Between two looks at an app's health: default 1000. */
  readonly healthIntervalMs?: number;
}

export interface RunningSidecar {
  readonly appId: string;
  readonly grpcPort: number;
  readonly httpPort: number;
  /** The app answers and gets its messages. */
  readonly healthy: boolean;
}

export interface EmbeddedSidecars extends AsyncDisposable {
  readonly sidecars: readonly RunningSidecar[];
  sidecar(appId: string): RunningSidecar;
  readonly faults: FaultInjector;
  /** Ends deliveries in flight, gives back what waits, closes all ports. Idempotent. */
  stop(): Promise<void>;
}

/**
 * A Dapr sidecar for each app, in this process, on Postgres. For laptops and tests: it refuses to run in a cluster.
 * @throws AppError `sidecar.in_cluster`, `sidecar.component_invalid`; the errors of Postgres and of `listen`
 */
export const startEmbeddedSidecars = async (options: EmbeddedSidecarOptions): Promise<EmbeddedSidecars> => {
  if (process.env["KUBERNETES_SERVICE_HOST"] !== undefined) {
    throw new AppError(
      "failed_precondition",
      "sidecar.in_cluster",
      "the embedded sidecar is no broker: use Dapr in a cluster",
    );
  }
  const { seed, ...initialFaults } = options.faults ?? {};
  const faults = createFaults(initialFaults, seed);
  const loaded = await loadComponents(options.componentsDir);
  await using stack = new AsyncDisposableStack();
  const storage = stack.use(await openStorage(options));
  const messages = createMessageLog(storage);
  stack.use(removeOldRows(storage.pool, messages, options.retentionMs));
  const sidecars: RunningSidecar[] = [];
  for (const app of options.apps) {
    sidecars.push(await startOne(app, { ...options, faults }, loaded, storage, messages, stack));
  }
  const running = stack.move();
  let stopped: Promise<void> | undefined;
  const stop = () => {
    stopped ??= running.disposeAsync();
    return stopped;
  };
  return {
    sidecars,
    sidecar: (appId) => {
      const found = sidecars.find((one) => one.appId === appId);
      if (found === undefined) throw new TypeError(`no sidecar for ${appId}`);
      return found;
    },
    faults,
    stop,
    [Symbol.asyncDispose]: stop,
  };
};

type Shared = Omit<EmbeddedSidecarOptions, "faults"> & { readonly faults: FaultInjector };

const startOne = async (
  app: SidecarApp,
  { apps, peers = [], faults, log, healthIntervalMs }: Shared,
  { components: all, resiliency }: LoadedComponents,
  { pool }: Storage,
  messages: MessageLog,
  stack: AsyncDisposableStack,
): Promise<RunningSidecar> => {
  const { appId, appPort, appProtocol } = app;
  const components = visibleTo(all, appId);
  const api = createSidecarApi({ appId, components, messages, pool, faults });
  let hosted: HostedApp | undefined;
  const metadata = createSidecarMetadata({
    appId,
    components,
    app: appPort === undefined ? undefined : { port: appPort, protocol: appProtocol },
    subscriptions: () => hosted?.subscriptions ?? [],
  });
  const verify = createTokenVerifier(app.apiToken);
  const portOf = (id: string) =>
    [...apps, ...peers].find((one) => one.appId === id && one.appProtocol === "http")?.appPort;
  const invoke = stack.use(createInvokeProxy({ appId, portOf }));
  const http = serveHttp({ api, metadata, invoke, faults, verify, healthy: () => hosted?.seen ?? true });
  const grpcServer = stack.use(await listenH2c(app.grpcPort, createUnaryServer(serveGrpc({ api, metadata, verify }))));
  const httpServer = stack.use(await listenHttp(app.httpPort, http));
  if (appPort !== undefined && appProtocol === "grpc") {
    const host = hostApp({
      appId,
      appPort,
      appApiToken: app.appApiToken,
      components,
      resiliency,
      messages,
      faults,
      log,
      healthIntervalMs,
    });
    hosted = host;
    stack.defer(() => host.stop());
  }
  return {
    appId,
    grpcPort: grpcServer.port,
    httpPort: httpServer.port,
    get healthy() {
      return hosted?.healthy ?? true;
    },
  };
};
