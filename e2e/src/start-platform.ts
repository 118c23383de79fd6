import type { TokenSource } from "@tandem/cli/clients";
import { loadGateway, loadService } from "@tandem/cli/load-service";
import { openPeople, type People } from "@tandem/cli/people";
import { type BinaryPlan, inboxHttpPort, inboxSmtpPort, planGateway, planPlatform } from "@tandem/cli/plan";
import { type ContextName, gatewayEntry, localPorts, serviceCatalogue } from "@tandem/contracts";
import { createLocalInbox, type LocalInbox } from "@tandem/local-inbox";
import { ensureDatabase, migrate } from "@tandem/postgres";
import type { FaultInjector } from "@tandem/sidecar";
import { captureLog } from "@tandem/testkit";
import { type Databases, openDatabases } from "./databases.ts";
import { findPortOffset, REPLICA_STEP } from "./find-port-offset.ts";
import { type Door, openDoor } from "./open-door.ts";
import { startPostgres } from "./start-postgres.ts";
import { embeddedSidecars, type SidecarCrashes, type StartSidecars } from "./start-sidecars.ts";
import { untilReachable } from "./until-reachable.ts";
import { startWorkerProcess, type WorkerProcess } from "./worker-process.ts";

export interface PlatformOptions {
  /** Default: the embedded ones. */
  readonly sidecars?: StartSidecars;
  /** Contexts whose worker is a process of its own, to be killed. Default none. */
  readonly processes?: readonly ContextName[];
  /** More environment, by app id. */
  readonly env?: Readonly<Record<string, Readonly<Record<string, string>>>>;
  /** Of the sidecars' faults. Default 1. */
  readonly seed?: number;
}

export interface TestPlatform extends AsyncDisposable {
  readonly offset: number;
  /** Who can log in. */
  readonly people: People;
  /** The one door. */
  readonly gatewayUrl: string;
  /** `/metrics` of every binary. */
  readonly metricsUrls: readonly string[];
  readonly databases: Databases;
  /** What customers would get. */
  readonly inbox: LocalInbox;
  /** Faults of the embedded sidecars. */
  readonly faults: FaultInjector;
  /** Crashes of real sidecars and their broker. */
  readonly crashes: SidecarCrashes;
  worker(context: ContextName): WorkerProcess;
  /** A second worker of the context, that runs the relay and the jobs. */
  startReplica(context: ContextName): Promise<WorkerProcess>;
  /** Stops and starts the API of a context. */
  api(context: ContextName): Switch;
  /** Through the one door; without a token: as anybody. */
  clients(token?: TokenSource): Door;
  crashPostgres(): Promise<void>;
  /** Error lines of the binaries in this process, for the message of a failure. */
  readonly errors: () => readonly Record<string, unknown>[];
}

export interface Switch {
  off(): Promise<void>;
  on(): Promise<void>;
}

const SECRET = "of no consequence";
/** Short, because tests wait for it; long enough for a publish on a machine that does other things. */
export const LEASE_MS = 2_000;

/** The whole platform on a Postgres of its own: migrated, no shop. It is there when whoever comes by the door reaches every context. */
export const startPlatform = async (options: PlatformOptions = {}): Promise<TestPlatform> => {
  const { sidecars: startSidecars = embeddedSidecars, processes = [], env = {}, seed = 1 } = options;
  await using stack = new AsyncDisposableStack();
  const offset = await findPortOffset();
  const postgres = stack.use(await startPostgres());
  const inbox = stack.use(
    await createLocalInbox({
      smtpPort: inboxSmtpPort(offset),
      httpPort: inboxHttpPort(offset),
      maxMessages: 10_000,
    }),
  );
  const urls = new Map<string, string>();
  for (const { database, databaseUser } of serviceCatalogue) {
    urls.set(database, await ensureDatabase({ ...place(postgres.adminUrl, database, databaseUser) }));
  }
  const sidecarUrl = await ensureDatabase(place(postgres.adminUrl, "sidecar_db", "sidecar_svc"));
  await Promise.all(
    serviceCatalogue.map(async ({ context, database }) =>
      migrate({ url: urls.get(database) ?? "", sets: (await loadService(context)).migrations }),
    ),
  );
  const common = {
    offset,
    secret: SECRET,
    logLevel: "warn",
  };
  const contexts = planPlatform({
    ...common,
    only: undefined,
    databaseUrlOf: ({ database }) => urls.get(database) ?? "",
  });
  const plans = [...contexts.flatMap(({ api, worker }) => [api, worker]), planGateway(common)].map(
    (plan): BinaryPlan => ({ ...plan, env: { ...plan.env, ...settingsOf(plan), ...env[plan.appId] } }),
  );
  const { log, lines } = captureLog("warn");
  const destination = { write: (line: string) => void lines.push(JSON.parse(line)) };

  // daprd waits for its app, and a worker for its sidecar: all at once.
  const starting = startSidecars({ plans, offset, databaseUrl: sidecarUrl, seed, log });
  const workers = new Map<ContextName, WorkerProcess>();
  const apis = new Map<ContextName, Switch>();
  const stops: (() => Promise<void>)[] = [];
  stack.defer(async () => {
    await Promise.allSettled(stops.map((stop) => stop()));
  });
  const startOne = async (plan: BinaryPlan): Promise<void> => {
    if (plan.context === "gateway") {
      const door = await (await loadGateway()).startApi(plan.env, { logDestination: destination });
      stops.push(() => door.stop());
      return;
    }
    if (plan.kind === "worker" && processes.includes(plan.context)) {
      const worker = await startWorkerProcess(plan);
      workers.set(plan.context, worker);
      stops.push(() => Promise.resolve(worker[Symbol.asyncDispose]()));
      return;
    }
    const { startApi, startWorker } = await loadService(plan.context);
    const start = () => (plan.kind === "api" ? startApi : startWorker)(plan.env, { logDestination: destination });
    let binary = await start();
    stops.push(() => binary.stop());
    if (plan.kind === "worker") return;
    apis.set(plan.context, {
      off: () => binary.stop(),
      on: async () => {
        binary = await start();
      },
    });
  };
  const outcomes = await Promise.allSettled([starting, ...plans.map(startOne)]);
  if (outcomes[0]?.status === "fulfilled") {
    const running = await starting;
    // Before the binaries: what is in flight ends, and nothing new is delivered to them.
    stack.defer(() => Promise.resolve(running[Symbol.asyncDispose]()));
  }
  const failure = outcomes.find((one) => one.status === "rejected");
  if (failure) throw failure.reason;

  const databases = stack.use(openDatabases(urls, sidecarUrl));
  const { faults, crashes } = await starting;
  const gatewayUrl = `http://127.0.0.1:${localPorts(gatewayEntry, offset).api.http}`;
  const people = openPeople(gatewayUrl, SECRET);
  await untilReachable({ gatewayUrl, operator: people.operator });
  const owned = stack.move();
  return {
    offset,
    people,
    gatewayUrl,
    metricsUrls: plans.map(({ ports }) => `http://127.0.0.1:${ports["operations"] ?? ports["REST"]}/metrics`),
    databases,
    inbox,
    get faults() {
      if (!faults) throw new TypeError("only embedded sidecars misbehave on command");
      return faults;
    },
    get crashes() {
      if (!crashes) throw new TypeError("embedded sidecars live and die with this process");
      return crashes;
    },
    worker: (context) => {
      const found = workers.get(context);
      if (!found) throw new TypeError(`the worker of ${context} is not a process of its own`);
      return found;
    },
    startReplica: async (context) => {
      const plan = plans.find((one) => one.context === context && one.kind === "worker");
      if (!plan) throw new TypeError(`no worker of ${context}`);
      // Beside the ports of the first; callers of the same sidecar, which delivers to the first only.
      const ports = { ...plan.ports, operations: (plan.ports["operations"] ?? 0) + REPLICA_STEP };
      const extra = { APP_PORT: "0", OPS_PORT: String(ports.operations) };
      const replica = await startWorkerProcess({ ...plan, ports, env: { ...plan.env, ...extra } }, ["--mode", "cron"]);
      stops.push(() => Promise.resolve(replica[Symbol.asyncDispose]()));
      return replica;
    },
    api: (context) => {
      const found = apis.get(context);
      if (!found) throw new TypeError(`no API of ${context}`);
      return found;
    },
    clients: (token) => openDoor(gatewayUrl, token),
    crashPostgres: () => postgres.crashAndRestart(),
    errors: () => lines.filter(({ level }) => level === "error" || level === 50),
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
};

const place = (adminUrl: string, database: string, user: string) => ({ adminUrl, database, user, password: "tandem" });

const settingsOf = ({ appId, kind }: BinaryPlan): Readonly<Record<string, string>> => ({
  DATABASE_MAX_CONNECTIONS: "6",
  // They all start at once, on a machine that may do other things.
  ...(kind === "worker" ? { SIDECAR_WAIT_MS: "120000" } : {}),
  ...(kind === "worker" ? { RELAY_LEASE_MS: String(LEASE_MS) } : {}),
  // Nobody waits a minute for second thoughts here.
  ...(appId === "order-worker" ? { COD_CONFIRM_AFTER_MS: "0" } : {}),
});
