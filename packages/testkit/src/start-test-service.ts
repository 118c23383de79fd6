import type { DescMessage, MessageInitShape } from "@bufbuild/protobuf";
import type { ApiConfig, ApiParts, Platform, WorkerConfig, WorkerParts } from "@tandem/chassis";
import { serviceOf } from "@tandem/contracts";
import { newId } from "@tandem/kernel";
import { type ConsumerHost, createConsumerHost, createOutbox, type Delivery, newEvent } from "@tandem/messaging";
import type { Database, MigrationSet } from "@tandem/postgres";
import { createPostgresIdempotencyStore, createRpcServer } from "@tandem/rpc";
import { createHealth, createMetrics, createShutdown, createTelemetry } from "@tandem/runtime";
import type { z } from "zod";
import { captureLog } from "./capture-log.ts";
import { createTestDatabase } from "./create-test-database.ts";
import { type Authorization, createTestTokens, type TestTokens } from "./create-test-tokens.ts";
import { fingerprintTables } from "./fingerprint-tables.ts";
import { type ManualClock, manualClock } from "./manual-clock.ts";

export interface Answer {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
  // biome-ignore lint/suspicious/noExplicitAny: answers of any shape, compared by toMatchObject
  readonly json: any;
}

export interface Call {
  /** Default GET. */
  readonly method?: string;
  /** Text goes as it is, anything else as JSON. */
  readonly body?: unknown;
  readonly as?: Promise<Authorization> | Authorization;
  readonly headers?: Readonly<Record<string, string>>;
}

export interface Announced {
  readonly id: string;
  readonly topic: string;
  readonly data: Record<string, unknown>;
}

export interface TestServiceOptions<A extends z.ZodType<ApiConfig>, W extends z.ZodType<WorkerConfig>> {
  readonly context: string;
  readonly migrations: readonly MigrationSet[];
  readonly api: {
    readonly config: A;
    readonly compose: (platform: Platform<z.output<A>>) => ApiParts | Promise<ApiParts>;
  };
  readonly worker: {
    readonly config: W;
    readonly compose: (platform: Platform<z.output<W>>) => WorkerParts | Promise<WorkerParts>;
  };
  /** Beside what every binary needs, which is set. Values for the API, the worker or both. */
  readonly env?: Readonly<Record<string, string>>;
  /** Parts of the platform that the test brings itself: a state store, another clock. */
  readonly platform?: Partial<Platform<ApiConfig & WorkerConfig>>;
  /** Whether the worker's continuous workers run. Default false: a test then moves them itself. */
  readonly startWorkers?: boolean;
}

/** A context's API behind a real server, and its consumers and jobs, on a Postgres of their own. The clock stands still. */
export interface TestService extends AsyncDisposable {
  readonly clock: ManualClock;
  readonly database: Database;
  readonly tokens: TestTokens;
  readonly consumers: ConsumerHost;
  readonly worker: WorkerParts;
  /** `http://127.0.0.1:…`: REST, Connect, gRPC-Web. */
  readonly url: string;
  http(path: string, call?: Call): Promise<Answer>;
  /** Hands an event to the consumers, as a sidecar would. The same id again is a redelivery. */
  deliver<Desc extends DescMessage>(schema: Desc, init: MessageInitShape<Desc>, id?: string): Promise<Delivery>;
  /** What the run would write into its history. @throws TypeError for an unknown job */
  runJob(name: string): Promise<unknown>;
  /** Published about something, oldest first. */
  events(subject: string): Promise<readonly Announced[]>;
  /** Their topics. */
  topics(subject: string): Promise<readonly string[]>;
  /** Consumers that have buried an event about something. */
  deadLetters(subject: string): Promise<readonly string[]>;
  /** Count and content of every table of the service, of its sagas and of the outbox: all that a refused request must leave alone. */
  fingerprint(): Promise<unknown>;
}

/** Nothing listens there: what a test needs it brings itself. */
const ENV = {
  DATABASE_URL: "postgres://nobody:nothing@127.0.0.1:1/nowhere",
  DAPR_HTTP_PORT: "1",
  DAPR_GRPC_PORT: "1",
  HTTP_PORT: "0",
  GRPC_PORT: "0",
  APP_PORT: "0",
  OPS_PORT: "0",
  AUTH_ISSUER: "http://issuer.test.invalid",
  AUTH_AUDIENCE: "tandem",
  AUTH_JWKS_URL: "http://issuer.test.invalid/jwks",
};

/** Starts one context as its two binaries would be composed, without a sidecar: events are handed in and read from the outbox. */
export const startTestService = async <A extends z.ZodType<ApiConfig>, W extends z.ZodType<WorkerConfig>>(
  options: TestServiceOptions<A, W>,
): Promise<TestService> => {
  const { context, migrations, api, worker: workerDefinition, env = {}, startWorkers = false } = options;
  const service = serviceOf(context);
  const test = await createTestDatabase({ sets: migrations });
  const { database } = test;
  const clock = manualClock(new Date("2026-11-21T10:00:00Z"));
  const tokens = await createTestTokens();
  const log = options.platform?.log ?? captureLog().log;
  const metrics = createMetrics({ service: context });
  const telemetry = createTelemetry({ service: context });
  const health = createHealth();
  const platform = {
    service,
    database,
    outbox: createOutbox({ database, source: context }),
    clock,
    owner: "test",
    log,
    metrics,
    telemetry,
    health,
    shutdown: createShutdown({ health, log }),
    // Whoever composes with a part that the test did not bring fails at its first use, by name.
    ...options.platform,
  };
  const composeWith = <C>(config: C) => ({ ...platform, config }) as unknown as Platform<never>;
  const { services } = await api.compose(composeWith(api.config.parse({ ...ENV, ...env })));
  const worker = await workerDefinition.compose(composeWith(workerDefinition.config.parse({ ...ENV, ...env })));
  const consumers = createConsumerHost({
    database,
    consumers: worker.consumers ?? [],
    workerAppId: service.workerAppId,
    log,
  });
  const server = createRpcServer({
    name: context,
    httpPort: 0,
    grpcPort: 0,
    host: "127.0.0.1",
    services,
    authenticator: tokens.authenticator,
    idempotency: createPostgresIdempotencyStore(database, { log }),
    health,
    metrics,
    telemetry,
    log,
    limits: { rates: false },
  });
  const { httpUrl } = await server.start();
  health.setServing(true);
  const running = new AbortController();
  const workers = startWorkers ? (worker.workers ?? []) : [];
  for (const one of workers) await one.start(running.signal);

  const events = async (subject: string) => {
    const { rows } = await database.query<{ id: string; topic: string; data: string }>(
      "select id, topic, data from tandem.outbox_event where subject = $1 order by seq",
      [subject],
    );
    return rows.map(({ id, topic, data }) => ({ id, topic, data: JSON.parse(data) as Record<string, unknown> }));
  };

  return {
    clock,
    database,
    tokens,
    consumers,
    worker,
    url: httpUrl,
    async http(path, { method = "GET", body, as, headers = {} } = {}) {
      const answer = await fetch(`${httpUrl}${path}`, {
        method,
        headers: {
          ...(body === undefined ? {} : { "content-type": "application/json" }),
          ...(await as),
          ...headers,
        },
        ...(body === undefined ? {} : { body: typeof body === "string" ? body : JSON.stringify(body) }),
      });
      const text = await answer.text();
      return { status: answer.status, headers: answer.headers, text, json: parsed(text) };
    },
    deliver(schema, init, id = newId()) {
      const { topic, type, subject, data } = newEvent(schema, init);
      const event = { id, topic, type, subject, data, source: "test", dataContentType: "application/json" };
      return consumers.deliver(event, AbortSignal.timeout(10_000));
    },
    async runJob(name) {
      const job = worker.jobs?.find((one) => one.name === name);
      if (!job) throw new TypeError(`no job ${name}`);
      const signal = AbortSignal.timeout(10_000);
      return job.run({ scheduledAt: clock.now(), cause: "schedule", attempt: 1, token: 1n, signal, log });
    },
    events,
    topics: async (subject) => (await events(subject)).map(({ topic }) => topic),
    async deadLetters(subject) {
      const { rows } = await database.query<{ consumer: string }>(
        "select consumer from tandem.dead_letter where subject = $1 order by consumer",
        [subject],
      );
      return rows.map(({ consumer }) => consumer);
    },
    fingerprint: () => fingerprintTables(database),
    async [Symbol.asyncDispose]() {
      await Promise.all(workers.map((one) => one.stop()));
      running.abort();
      await server.stop(0);
      await test.dispose();
    },
  };
};

const parsed = (text: string): unknown => {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
};
