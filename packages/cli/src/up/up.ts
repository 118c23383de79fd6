import { createWriteStream } from "node:fs";
import { join } from "node:path";
import { styleText } from "node:util";
import { createDevIssuer, type DevIssuer } from "@tandem/auth";
import { ensureDatabase, removeEmbeddedPostgres, startEmbeddedPostgres } from "@tandem/embedded-postgres";
import { migrate } from "@tandem/postgres";
import { createLogger } from "@tandem/runtime";
import { startEmbeddedSidecars } from "@tandem/sidecar";
import { placeDemoOrder } from "../place-demo-order.ts";
import { apiUrl, openClients, tokensFrom } from "../platform-clients.ts";
import { type ContextPlan, contextsToRun, issuerPort, planPlatform, postgresPort } from "../platform-plan.ts";
import type { Progress } from "../progress.ts";
import { seedWorld } from "../seed-world.ts";
import { openStateDir, repositoryRoot } from "../state-dir.ts";
import { demoCustomer } from "../world.ts";
import { checkPorts } from "./check-ports.ts";
import { loadService } from "./load-service.ts";
import { asProcesses, inThisProcess, type Running, startBinaries } from "./start-binaries.ts";

export interface UpOptions {
  readonly demo: boolean;
  readonly reset: boolean;
  readonly portOffset: number;
  readonly only?: readonly string[] | undefined;
  readonly processes: boolean;
  readonly logLevel: string;
}

export interface Platform extends AsyncDisposable {
  readonly contexts: readonly ContextPlan[];
  /** Rejects when a binary ends by itself. */
  readonly failed: Promise<never>;
  readonly issuer: DevIssuer;
}

const AUDIENCE = "tandem";

/** Brings the whole platform up on this machine: Postgres, migrations, sidecars, binaries, a small shop, an order. */
export const up = async (options: UpOptions, progress: Progress): Promise<Platform> => {
  const { portOffset: offset } = options;
  const entries = contextsToRun(options.only);
  const state = await openStateDir(offset);
  await using stack = new AsyncDisposableStack();

  const other = await state.running();
  if (other && other.pid !== process.pid) {
    throw new Error(`a platform runs already (process ${other.pid}); stop it, or start another with --port-offset 400`);
  }
  if (options.reset) {
    await progress.step("forget all data", async () => {
      await removeEmbeddedPostgres(state.postgresDir);
      await state.reset();
    });
  }
  const dir = options.reset ? await openStateDir(offset) : state;
  const draft = (databaseUrlOf: (database: string) => string, issuer: { jwksUrl: string }) =>
    planPlatform({
      only: options.only,
      offset,
      databaseUrlOf: ({ database }) => databaseUrlOf(database),
      issuer: { issuer: issuerUrl, audience: AUDIENCE, jwksUrl: issuer.jwksUrl },
      logLevel: options.logLevel,
    });
  const issuerUrl = `http://127.0.0.1:${issuerPort(offset)}`;
  await checkPorts([
    { port: issuerPort(offset), use: "development issuer" },
    ...draft(() => "", { jwksUrl: "" }).flatMap(({ api, worker }) =>
      [api, worker].flatMap(({ appId, ports }) =>
        Object.entries(ports).map(([use, port]) => ({ port, use: `${appId} ${use}` })),
      ),
    ),
  ]);

  const log = createLogger({
    service: "tandem",
    level: "info",
    destination: createWriteStream(dir.logFile("tandem"), { flags: "a" }),
  });
  const services = Promise.all(entries.map(({ context }) => loadService(context)));
  services.catch(() => {});
  const postgres = await progress.step("Postgres", () =>
    startEmbeddedPostgres({
      dataDir: dir.postgresDir,
      port: postgresPort(offset),
      durable: true,
      log,
      onProgress: (step) => log.info(step),
    }),
  );
  stack.defer(() => postgres.stop());

  const urls = new Map<string, string>();
  await progress.step("databases and migrations", async () => {
    const loaded = await services;
    const databases = [
      ...entries.map(({ database, databaseUser }) => ({ database, user: databaseUser })),
      sidecarDatabase,
    ];
    for (const { database, user } of databases) {
      const password = await dir.secret(user);
      urls.set(database, await ensureDatabase({ adminUrl: postgres.adminUrl, database, user, password }));
    }
    const changed = await Promise.all(
      entries.map(async ({ database }, at) => {
        const sets = loaded[at]?.migrations ?? [];
        return (await migrate({ url: urls.get(database) ?? "", sets, direction: "up", log })).changed.length;
      }),
    );
    const total = changed.reduce((sum, count) => sum + count, 0);
    return total === 0 ? `${entries.length} databases, up to date` : `${entries.length} databases, ${total} migrations`;
  });

  const issuer = await createDevIssuer({
    issuer: issuerUrl,
    audience: AUDIENCE,
    port: issuerPort(offset),
    keyFile: dir.issuerKeyFile,
  });
  stack.use(issuer);
  const contexts = draft((database) => urls.get(database) ?? "", { jwksUrl: `${issuer.url}/.well-known/jwks.json` });

  const sidecars = await progress.step("embedded sidecars", () =>
    startEmbeddedSidecars({
      databaseUrl: urls.get(sidecarDatabase.database) ?? "",
      componentsDir: join(repositoryRoot, "components/local"),
      apps: contexts.flatMap(({ api, worker }) => [
        {
          appId: api.appId,
          httpPort: api.ports["sidecar HTTP"] ?? 0,
          grpcPort: api.ports["sidecar gRPC"] ?? 0,
          appPort: api.ports["REST"] ?? 0,
          appProtocol: "http" as const,
        },
        {
          appId: worker.appId,
          httpPort: worker.ports["sidecar HTTP"] ?? 0,
          grpcPort: worker.ports["sidecar gRPC"] ?? 0,
          appPort: worker.ports["callback"] ?? 0,
          appProtocol: "grpc" as const,
        },
      ]),
      log,
    }),
  );
  stack.use(sidecars);

  const start = options.processes ? asProcesses(dir.logFile) : inThisProcess(dir.logFile);
  const how = options.processes ? "a process each" : "in one process";
  const running = await progress.step(`${contexts.length} APIs and ${contexts.length} workers, ${how}`, () =>
    startBinaries(contexts, start),
  );
  stack.defer(() => stopAll(running));
  await dir.announce({
    mode: "embedded",
    pid: process.pid,
    offset,
    issuerUrl,
    contexts: contexts.map(({ service }) => service.context),
  });
  stack.defer(() => dir.withdraw());

  if (options.only === undefined) await seedAndDemonstrate(options, progress, issuerUrl);
  else progress.say(styleText("dim", "With --only there is no seeded shop and no demonstration order."));
  for (const line of addressesOf(contexts, issuerUrl)) progress.say(line);

  const failed = Promise.race(running.map((one) => one.failed)) as Promise<never>;
  failed.catch(() => {});
  const disposable = stack.move();
  return { contexts, issuer, failed, [Symbol.asyncDispose]: () => disposable.disposeAsync() };
};

const sidecarDatabase = { database: "sidecar_db", user: "sidecar_svc" } as const;

const stopAll = async (running: readonly Running[]): Promise<void> => {
  // Workers first: what is in flight may still call an API.
  const workers = running.filter(({ appId }) => appId.endsWith("-worker"));
  await Promise.allSettled(workers.map((one) => one.stop()));
  await Promise.allSettled(running.filter((one) => !workers.includes(one)).map((one) => one.stop()));
};

const seedAndDemonstrate = async ({ demo, portOffset }: UpOptions, progress: Progress, issuerUrl: string) => {
  const staff = openClients(portOffset, tokensFrom(issuerUrl, { subject: "seed", roles: ["staff"] }));
  await progress.step("a small shop", () => seedWorld(staff));
  if (!demo) return;
  const customer = openClients(
    portOffset,
    tokensFrom(issuerUrl, { subject: demoCustomer.id, roles: ["customer"], customerId: demoCustomer.id }),
  );
  progress.say("");
  await placeDemoOrder({ customer, write: progress.say });
  progress.say(styleText("dim", `${(progress.elapsedMs() / 1000).toFixed(1)} s since the start`));
};

const addressesOf = (contexts: readonly ContextPlan[], issuerUrl: string): string[] => [
  "",
  ...contexts.map(
    ({ service, api }) =>
      `${service.context.padEnd(10)} ${apiUrl(service.context, 0).replace(/\d+$/, String(api.ports["REST"]))} (REST, Connect, /openapi.json)   127.0.0.1:${api.ports["gRPC"]} (gRPC)`,
  ),
  `${"tokens".padEnd(10)} curl -s ${issuerUrl}/token -H 'content-type: application/json' -d '{"subject":"me","roles":["staff"]}'`,
  "",
  "Ctrl-C stops it. Elsewhere: npm run demo, npm run publish -- <topic> '<json>', npm run jobs, npm run dlq",
];
