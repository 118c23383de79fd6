import type { DescMessage, MessageInitShape } from "@bufbuild/protobuf";
import type { Platform } from "@tandem/chassis";
import { newId } from "@tandem/kernel";
import { createConsumerHost, createOutbox, type Delivery, newEvent } from "@tandem/messaging";
import type { Database } from "@tandem/postgres";
import { createPostgresIdempotencyStore, createRpcServer } from "@tandem/rpc";
import { createHealth, createMetrics, createTelemetry } from "@tandem/runtime";
import { captureLog, createTestDatabase, type ManualClock, manualClock } from "@tandem/testkit";
import { type Authorization, createTestTokens, type TestTokens } from "@tandem/testkit/tokens";
import type { z } from "zod";
import { warehouseApiConfig, warehouseWorkerConfig } from "../src/config/config.ts";
import { migrations } from "../src/migrate.ts";
import { composeApi } from "../src/server/compose-api.ts";
import { composeWorker } from "../src/worker/compose-worker.ts";

export interface Answer {
  readonly status: number;
  readonly text: string;
  // biome-ignore lint/suspicious/noExplicitAny: answers of any shape, compared by toMatchObject
  readonly json: any;
}

export interface Request {
  readonly method?: string;
  /** Text goes as it is, anything else as JSON. */
  readonly body?: unknown;
  readonly as?: Promise<Authorization> | Authorization;
  readonly headers?: Readonly<Record<string, string>>;
}

/** The warehouse's API behind a real server, its consumers and jobs, on a Postgres of their own. The clock stands still. */
export interface Harness extends AsyncDisposable {
  readonly clock: ManualClock;
  readonly database: Database;
  readonly tokens: TestTokens;
  http(path: string, request?: Request): Promise<Answer>;
  /** Hands an event to the warehouse's consumers, as a sidecar would. The same id again is a redelivery. */
  deliver<Desc extends DescMessage>(schema: Desc, init: MessageInitShape<Desc>, id?: string): Promise<Delivery>;
  runJob(name: string): Promise<unknown>;
  /** Topics published about something, oldest first. */
  topics(subject: string): Promise<readonly string[]>;
  /** Consumers that have buried an event about something. */
  deadLetters(subject: string): Promise<readonly string[]>;
  /** All that a refused request must leave alone. */
  fingerprint(): Promise<unknown>;
}

const ENV = {
  DATABASE_URL: "postgres://nobody:nothing@127.0.0.1:1/nowhere",
  DAPR_HTTP_PORT: "1",
  DAPR_GRPC_PORT: "1",
  HTTP_PORT: "0",
  GRPC_PORT: "0",
  APP_PORT: "0",
  OPS_PORT: "0",
  AUTH_ISSUER: "unused",
  AUTH_AUDIENCE: "unused",
  AUTH_JWKS_URL: "http://unused.test.invalid/jwks",
};

const TABLES = ["stock", "reservation", "movement", "tandem.outbox_event"];

export const startHarness = async (): Promise<Harness> => {
  const test = await createTestDatabase({ sets: migrations });
  const { database } = test;
  const clock = manualClock(new Date("2026-11-21T10:00:00Z"));
  const tokens = await createTestTokens();
  const outbox = createOutbox({ database, source: "warehouse" });
  const { log } = captureLog();
  const metrics = createMetrics({ service: "warehouse" });
  const platform = { database, outbox, clock, log, metrics };
  const apiPlatform = { ...platform, config: warehouseApiConfig.parse(ENV) };
  const workerPlatform = { ...platform, config: warehouseWorkerConfig.parse(ENV) };
  const { services } = composeApi(apiPlatform as unknown as Platform<z.output<typeof warehouseApiConfig>>);
  const worker = composeWorker(workerPlatform as unknown as Platform<z.output<typeof warehouseWorkerConfig>>);
  const consumers = createConsumerHost({
    database,
    consumers: worker.consumers ?? [],
    workerAppId: "warehouse-worker",
    log,
  });
  const health = createHealth();
  const server = createRpcServer({
    name: "warehouse",
    httpPort: 0,
    grpcPort: 0,
    host: "127.0.0.1",
    services,
    authenticator: tokens.authenticator,
    idempotency: createPostgresIdempotencyStore(database, { log }),
    health,
    metrics,
    telemetry: createTelemetry({ service: "warehouse" }),
    log,
    limits: { rates: false },
  });
  const { httpUrl } = await server.start();
  health.setServing(true);

  return {
    clock,
    database,
    tokens,
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
      return { status: answer.status, text, json: parsed(text) };
    },
    deliver(schema, init, id = newId()) {
      const { topic, type, subject, data } = newEvent(schema, init);
      const event = { id, topic, type, subject, data, source: "test", dataContentType: "application/json" };
      return consumers.deliver(event, AbortSignal.timeout(10_000));
    },
    async runJob(name) {
      const job = worker.jobs?.find((one) => one.name === name);
      if (!job) throw new TypeError(`no job ${name}`);
      const scheduledAt = clock.now();
      const signal = AbortSignal.timeout(10_000);
      return job.run({ scheduledAt, cause: "schedule", attempt: 1, token: 1n, signal, log });
    },
    async topics(subject) {
      const { rows } = await database.query<{ topic: string }>(
        "select topic from tandem.outbox_event where subject = $1 order by seq",
        [subject],
      );
      return rows.map(({ topic }) => topic);
    },
    async deadLetters(subject) {
      const { rows } = await database.query<{ consumer: string }>(
        "select consumer from tandem.dead_letter where subject = $1 order by consumer",
        [subject],
      );
      return rows.map(({ consumer }) => consumer);
    },
    async fingerprint() {
      const parts = TABLES.map(
        (table) =>
          `select '${table}' as name, count(*)::int as n, md5(string_agg(t::text, '' order by t::text)) as content from ${table} t`,
      );
      return (await database.query(parts.join(" union all "))).rows;
    },
    async [Symbol.asyncDispose]() {
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
