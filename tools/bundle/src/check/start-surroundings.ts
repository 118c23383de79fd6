import { randomBytes } from "node:crypto";
import { createServer } from "node:net";
import { join } from "node:path";
import { createDevIssuer, type DevIssuer } from "@tandem/auth";
import { planPlatform } from "@tandem/cli/plan";
import { serviceOf } from "@tandem/contracts";
import { ensureDatabase } from "@tandem/postgres";
import { createLogger } from "@tandem/runtime";
import { startEmbeddedSidecars } from "@tandem/sidecar";

export type ContextBinary = "api" | "worker" | "migrate";

/** What a context's binaries meet in a pod: a database server, a sidecar each, somebody who issues tokens. */
export interface Surroundings extends AsyncDisposable {
  /** The environment of a binary, with ports that are free. */
  envOf(binary: ContextBinary): Readonly<Record<string, string>>;
  readonly apiUrl: string;
  readonly opsUrl: string;
  readonly databaseUrl: string;
  readonly issuer: DevIssuer;
  /** Publishes an event as another app would. */
  publish(from: string, topic: string, type: string, data: object): Promise<void>;
}

export interface SurroundingsOptions {
  readonly root: string;
  readonly context: string;
  /** Of a superuser on a Postgres that this machine reaches. */
  readonly adminUrl: string;
  /** App ids that the check publishes as. */
  readonly publishers?: readonly string[];
}

export const freePort = (): Promise<number> =>
  new Promise((resolve, reject) => {
    const server = createServer();
    server.once("error", reject);
    server.listen(0, "127.0.0.1", () => {
      const { port } = server.address() as { port: number };
      server.close(() => resolve(port));
    });
  });

export const startSurroundings = async (options: SurroundingsOptions): Promise<Surroundings> => {
  const { root, context, adminUrl, publishers = [] } = options;
  await using stack = new AsyncDisposableStack();
  const service = serviceOf(context);
  const run = randomBytes(4).toString("hex");
  const password = randomBytes(12).toString("hex");
  const sidecarUrl = await ensureDatabase({ adminUrl, database: `side_${run}`, user: `side_${run}`, password });
  const database = new URL(adminUrl);
  database.username = `${service.databaseUser}_${run}`;
  database.password = password;
  database.pathname = `/${service.database}_${run}`;
  const issuer = stack.use(await createDevIssuer({ issuer: "http://issuer.test", audience: "tandem", port: 0 }));
  const [http, grpc, app, ops] = await Promise.all([freePort(), freePort(), freePort(), freePort()]);
  const sidecars = stack.use(
    await startEmbeddedSidecars({
      databaseUrl: sidecarUrl,
      componentsDir: join(root, "components/local"),
      log: createLogger({ service: "sidecars", level: "error" }),
      healthIntervalMs: 100,
      apps: [
        { appId: service.apiAppId, appPort: http, appProtocol: "http", httpPort: 0, grpcPort: 0 },
        { appId: service.workerAppId, appPort: app, appProtocol: "grpc", httpPort: 0, grpcPort: 0 },
        ...publishers.map((appId) => ({ appId, appProtocol: "grpc" as const, httpPort: 0, grpcPort: 0 })),
      ],
    }),
  );
  const planned = planPlatform({
    only: [context],
    offset: 0,
    databaseUrlOf: () => database.href,
    logLevel: "info",
  }).find((one) => one.service.context === context);
  if (planned === undefined) throw new Error(`no plan for ${context}`);
  const common = (appId: string) => ({
    DAPR_HTTP_PORT: String(sidecars.sidecar(appId).httpPort),
    DAPR_GRPC_PORT: String(sidecars.sidecar(appId).grpcPort),
    // Nobody issues tokens to services here.
    AUTH_TOKEN_URL: "",
    AUTH_CLIENT_SECRET: "",
  });
  const envs: Readonly<Record<ContextBinary, Readonly<Record<string, string>>>> = {
    migrate: { DATABASE_URL: database.href, ADMIN_DATABASE_URL: adminUrl },
    api: {
      ...planned.api.env,
      ...common(service.apiAppId),
      HTTP_PORT: String(http),
      GRPC_PORT: String(grpc),
      AUTH_ISSUER: issuer.issuer,
      AUTH_AUDIENCE: issuer.audience,
      AUTH_JWKS_URL: issuer.jwksUrl ?? "",
    },
    worker: {
      ...planned.worker.env,
      ...common(service.workerAppId),
      APP_PORT: String(app),
      OPS_PORT: String(ops),
    },
  };
  const running = stack.move();
  return {
    envOf: (binary) => envs[binary],
    apiUrl: `http://127.0.0.1:${http}`,
    opsUrl: `http://127.0.0.1:${ops}`,
    databaseUrl: database.href,
    issuer,
    publish: async (from, topic, type, data) => {
      const url = `http://127.0.0.1:${sidecars.sidecar(from).httpPort}/v1.0/publish/pubsub/${topic}`;
      const event = { specversion: "1.0", id: randomBytes(16).toString("hex"), source: from, type, data };
      const response = await fetch(url, {
        method: "POST",
        headers: { "content-type": "application/cloudevents+json" },
        body: JSON.stringify(event),
      });
      if (!response.ok) throw new Error(`publish to ${topic}: ${response.status} ${await response.text()}`);
    },
    [Symbol.asyncDispose]: () => running.disposeAsync(),
  };
};
