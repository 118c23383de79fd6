import { create, type DescMessage, type MessageInitShape } from "@bufbuild/protobuf";
import { createAuthenticator, createDevIssuer, type Role } from "@tandem/auth";
import { ProductCreatedSchema, ProductStatus } from "@tandem/contracts/catalog";
import { PricingService } from "@tandem/contracts/pricing";
import { newId } from "@tandem/kernel";
import { type ConsumerHost, createConsumerHost, createOutbox, type Delivery, newEvent } from "@tandem/messaging";
import type { Database } from "@tandem/postgres";
import { createRpcClient, createRpcServer, direct, type RpcClient } from "@tandem/rpc";
import { createHealth, createMetrics, createTelemetry } from "@tandem/runtime";
import { captureLog, createTestDatabase, type ManualClock, manualClock } from "@tandem/testkit";
import { pricingApiConfig, pricingWorkerConfig } from "../src/config/config.ts";
import { migrations } from "../src/migrate.ts";
import { composeApi } from "../src/server/compose-api.ts";
import { composeWorker } from "../src/worker/compose-worker.ts";

export interface Claims {
  readonly roles: readonly Role[];
  readonly customerId?: string;
  readonly sellerId?: string;
  readonly kind?: "user" | "service";
}

export interface Answer {
  readonly status: number;
  readonly text: string;
  // biome-ignore lint/suspicious/noExplicitAny: answers of any shape, compared by toMatchObject
  readonly json: any;
}

/** Pricing's API behind a real server, its consumers and jobs, on a Postgres of their own. The clock stands still. */
export interface Harness extends AsyncDisposable {
  readonly clock: ManualClock;
  readonly database: Database;
  readonly consumers: ConsumerHost;
  /** The SQL that `work` sends, statement by statement. */
  statementsOf(work: () => Promise<unknown>): Promise<readonly string[]>;
  /** A client that calls once: its errors are AppErrors with pricing's slugs. */
  rpc(claims: Claims): Promise<RpcClient<typeof PricingService>>;
  http(
    path: string,
    init?: { method?: string; body?: string; claims?: Claims; headers?: Record<string, string> },
  ): Promise<Answer>;
  runJob(name: string): Promise<unknown>;
  /** Hands an event to pricing's consumers, as a sidecar would. The same id again is a redelivery. */
  deliver<Desc extends DescMessage>(schema: Desc, init: MessageInitShape<Desc>, id?: string): Promise<Delivery>;
  /** `price.changed` of a product so far, oldest first. */
  announced(productId: string): Promise<readonly PriceChangedJson[]>;
}

export interface PriceChangedJson {
  readonly aggregateVersion: string;
  readonly cause: string;
  readonly prices: readonly { amount: { amountMinor: string }; regularAmount: { amountMinor: string } }[];
}

const ENV = {
  DATABASE_URL: "postgres://nobody:nothing@127.0.0.1:1/nowhere",
  DAPR_HTTP_PORT: "1",
  DAPR_GRPC_PORT: "1",
  HTTP_PORT: "0",
  GRPC_PORT: "0",
  APP_PORT: "0",
  OPS_PORT: "0",
  AUTH_ISSUER: "http://dev.test",
  AUTH_AUDIENCE: "tandem",
  AUTH_JWKS_URL: "http://dev.test/jwks",
};

export const startHarness = async (env: Readonly<Record<string, string>> = {}): Promise<Harness> => {
  const test = await createTestDatabase({ sets: migrations });
  const { database } = test;
  const sent: string[] = [];
  database.pool.on("connect", (client) => {
    const query = client.query.bind(client) as (...args: unknown[]) => unknown;
    Object.assign(client, {
      query: (...args: unknown[]) => {
        const [statement] = args as [string | { text: string }];
        sent.push(typeof statement === "string" ? statement : statement.text);
        return query(...args);
      },
    });
  });
  const clock = manualClock(new Date("2026-11-21T10:00:00Z"));
  const outbox = createOutbox({ database, source: "pricing" });
  const { log } = captureLog();
  const metrics = createMetrics({ service: "pricing" });
  const config = pricingApiConfig.parse({ ...ENV, ...env });
  const { services } = await composeApi({ database, outbox, clock, config, metrics, log });
  const worker = composeWorker({ database, outbox, clock, config: pricingWorkerConfig.parse({ ...ENV, ...env }) });
  const consumers = createConsumerHost({
    database,
    consumers: worker.consumers ?? [],
    workerAppId: "pricing-worker",
    log,
  });

  const issuer = await createDevIssuer({ issuer: "http://dev.test", audience: "tandem", env: {} });
  const health = createHealth();
  const server = createRpcServer({
    name: "pricing",
    httpPort: 0,
    grpcPort: 0,
    host: "127.0.0.1",
    services,
    authenticator: createAuthenticator({ issuer: issuer.issuer, audience: issuer.audience, jwks: issuer.jwks }),
    health,
    metrics,
    telemetry: createTelemetry({ service: "pricing" }),
    log,
    limits: { rates: false },
  });
  const { httpUrl } = await server.start();
  health.setServing(true);
  const tokenOf = (claims: Claims) => issuer.mint({ subject: "somebody", ...claims });

  return {
    clock,
    database,
    consumers,
    async statementsOf(work) {
      const before = sent.length;
      await work();
      // Relays are woken after the commit, in their own time: no part of the work.
      return sent.slice(before).filter((text) => !text.includes("pg_notify"));
    },
    async rpc(claims) {
      const token = await tokenOf(claims);
      return createRpcClient(PricingService, {
        target: direct(httpUrl),
        identity: "service",
        tokenSource: { token: async () => token },
        deadlineMs: 10_000,
        retry: { attempts: 1 },
        breaker: false,
      });
    },
    async http(path, { method = "GET", body, claims, headers = {} } = {}) {
      const answer = await fetch(`${httpUrl}${path}`, {
        method,
        headers: {
          ...(claims ? { authorization: `Bearer ${await tokenOf(claims)}` } : {}),
          ...(body === undefined ? {} : { "content-type": "application/json" }),
          ...headers,
        },
        ...(body === undefined ? {} : { body }),
      });
      const text = await answer.text();
      return { status: answer.status, text, json: parsed(text) };
    },
    async runJob(name) {
      const job = worker.jobs?.find((one) => one.name === name);
      const now = clock.now();
      return job?.run({
        scheduledAt: now,
        cause: "schedule",
        attempt: 1,
        token: 1n,
        signal: AbortSignal.timeout(10_000),
        log,
      });
    },
    deliver(schema, init, id = newId()) {
      const { topic, type, subject, data } = newEvent(schema, init);
      const event = { id, topic, type, subject, data, source: "test", dataContentType: "application/json" };
      return consumers.deliver(event, AbortSignal.timeout(10_000));
    },
    async announced(productId) {
      const { rows } = await database.query<{ data: string }>(
        "select data from tandem.outbox_event where subject = $1 and topic = 'price.changed' order by seq",
        [productId],
      );
      return rows.map(({ data }) => JSON.parse(data) as PriceChangedJson);
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

export const staff: Claims = { roles: ["staff"] };
export const seller = (sellerId: string): Claims => ({ roles: ["seller"], sellerId });
export const customer = (customerId: string): Claims => ({ roles: ["customer"], customerId });
export const eur = (amountMinor: bigint) => ({ currencyCode: "EUR", amountMinor });

export interface ProductInit {
  readonly productId?: string;
  readonly sellerId?: string;
  readonly taxCategory?: string;
  readonly status?: ProductStatus;
  readonly version?: bigint;
  readonly name?: string;
}

/** What catalog would say about a new product. */
export const productCreated = (init: ProductInit = {}) => {
  const { productId = newId(), sellerId = newId(), taxCategory = "standard", version = 1n, name = "Mug" } = init;
  return {
    productId,
    aggregateVersion: version,
    occurredAt: { seconds: 1n, nanos: 0 },
    product: {
      productId,
      sellerId,
      sku: `SKU-${productId.slice(-6)}`,
      name,
      taxCategory,
      status: init.status ?? ProductStatus.ACTIVE,
      version,
    },
  };
};

/** A product that catalog has announced and staff have priced: ready for a quote. */
export const sellable = async (
  harness: Harness,
  { amountMinor = 1_000n, ...init }: ProductInit & { amountMinor?: bigint } = {},
): Promise<{ productId: string; sellerId: string }> => {
  const event = create(ProductCreatedSchema, productCreated(init));
  await harness.deliver(ProductCreatedSchema, event);
  const pricing = await harness.rpc(staff);
  await pricing.setPrice({ productId: event.productId, amount: eur(amountMinor) });
  return { productId: event.productId, sellerId: event.product?.sellerId ?? "" };
};
