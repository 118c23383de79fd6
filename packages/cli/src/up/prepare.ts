import { createWriteStream } from "node:fs";
import { removeEmbeddedPostgres, startEmbeddedPostgres, throughSocket } from "@tandem/embedded-postgres";
import { ensureDatabase, migrate } from "@tandem/postgres";
import { createLogger, type Logger } from "@tandem/runtime";
import { openPeople, type People } from "../people.ts";
import {
  authUrl,
  type BinaryPlan,
  type ContextPlan,
  contextsToRun,
  inboxHttpPort,
  inboxSmtpPort,
  planGateway,
  planPlatform,
  postgresPort,
} from "../platform-plan.ts";
import type { Progress } from "../progress.ts";
import { openStateDir, type StateDir } from "../state-dir.ts";
import { checkPorts, type WantedPort } from "./check-ports.ts";
import { loadService } from "./load-service.ts";

export interface PrepareOptions {
  readonly reset: boolean;
  readonly portOffset: number;
  readonly only?: readonly string[] | undefined;
  readonly logLevel: string;
  readonly otlpEndpoint?: string | undefined;
  /** A database beside those of the contexts: the sidecars' own. */
  readonly sidecarDatabase: { readonly database: string; readonly user: string };
  /** Ports that something else than a binary will take. */
  readonly alsoPorts?: readonly WantedPort[];
}

export interface Prepared {
  readonly state: StateDir;
  readonly contexts: readonly ContextPlan[];
  readonly gateway: BinaryPlan;
  readonly people: People;
  readonly sidecarDatabaseUrl: string;
  /** The same by the server's socket, for who understands that. */
  readonly sidecarDatabaseSocketUrl: string;
  /** Where customers' mail goes: the caller starts it. Absent: nobody sends any. */
  readonly inbox?: { readonly smtpPort: number; readonly httpPort: number };
  readonly log: Logger;
}

/** What every way of running the platform begins with: free ports, Postgres, databases, migrations, tokens. `stack` takes what must be stopped. */
export const prepare = async (
  options: PrepareOptions,
  progress: Progress,
  stack: AsyncDisposableStack,
): Promise<Prepared> => {
  const { portOffset: offset, only, sidecarDatabase } = options;
  const entries = contextsToRun(only);
  const state = await openFresh(options, progress);
  const secret = await state.secret("platform");
  const common = {
    offset,
    secret,
    logLevel: options.logLevel,
    otlpEndpoint: options.otlpEndpoint,
  };
  const gateway = planGateway(common);
  const planWith = (databaseUrlOf: (database: string) => string) =>
    planPlatform({ ...common, only, databaseUrlOf: ({ database }) => databaseUrlOf(database) });
  const inbox = entries.some(({ context }) => context === "notification")
    ? { smtpPort: inboxSmtpPort(offset), httpPort: inboxHttpPort(offset) }
    : undefined;
  await checkPorts([
    ...(inbox === undefined
      ? []
      : [
          { port: inbox.smtpPort, use: "inbox SMTP" },
          { port: inbox.httpPort, use: "inbox page" },
        ]),
    ...(options.alsoPorts ?? []),
    ...[...planWith(() => "").flatMap(({ api, worker }) => [api, worker]), gateway].flatMap(({ appId, ports }) =>
      Object.entries(ports).map(([use, port]) => ({ port, use: `${appId} ${use}` })),
    ),
  ]);

  const log = createLogger({
    service: "tandem",
    level: "info",
    destination: createWriteStream(state.logFile("tandem"), { flags: "a" }),
  });
  const services = Promise.all(entries.map(({ context }) => loadService(context)));
  services.catch(() => {});
  const postgres = await progress.step("Postgres", () =>
    startEmbeddedPostgres({
      dataDir: state.postgresDir,
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
      const password = await state.secret(user);
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

  return {
    ...(inbox === undefined ? {} : { inbox }),
    state,
    gateway,
    contexts: planWith((database) => throughSocket(urls.get(database) ?? "", postgres)),
    people: openPeople(authUrl(offset), secret),
    sidecarDatabaseUrl: urls.get(sidecarDatabase.database) ?? "",
    sidecarDatabaseSocketUrl: throughSocket(urls.get(sidecarDatabase.database) ?? "", postgres),
    log,
  };
};

/** @throws Error when a platform runs on these ports already */
const openFresh = async ({ portOffset, reset }: PrepareOptions, progress: Progress): Promise<StateDir> => {
  const state = await openStateDir(portOffset);
  const other = await state.running();
  if (other && other.pid !== process.pid) {
    throw new Error(
      `a platform runs already (process ${other.pid}); stop it, or start another beside it with --port-offset 600`,
    );
  }
  if (!reset) return state;
  await progress.step("forget all data", async () => {
    await removeEmbeddedPostgres(state.postgresDir);
    await state.reset();
  });
  return openStateDir(portOffset);
};
