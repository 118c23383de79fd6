import type { DescMessage, MessageInitShape } from "@bufbuild/protobuf";
import { timestampFromDate } from "@bufbuild/protobuf/wkt";
import type { Platform } from "@tandem/chassis";
import { moneyToProto } from "@tandem/contracts/common";
import { PricingService } from "@tandem/contracts/pricing";
import type { Dapr, StateStore } from "@tandem/dapr";
import { AppError, money, newId } from "@tandem/kernel";
import { createConsumerHost, createOutbox, type Delivery, newEvent } from "@tandem/messaging";
import type { Database } from "@tandem/postgres";
import { createPostgresIdempotencyStore, createRpcServer, registerService } from "@tandem/rpc";
import { createHealth, createMetrics, createShutdown, createTelemetry } from "@tandem/runtime";
import { captureLog, createTestDatabase, type ManualClock, manualClock } from "@tandem/testkit";
import { type Authorization, createTestTokens, type TestTokens } from "@tandem/testkit/tokens";
import type { z } from "zod";
import { orderApiConfig, orderWorkerConfig } from "../src/config/config.ts";
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

export interface Article {
  readonly productId: string;
  readonly sellerId: string;
  readonly amountMinor: bigint;
  readonly currency: string;
}

/** Order's API behind a real server, its consumers and jobs, on a Postgres of their own. The clock stands still. */
export interface Harness extends AsyncDisposable {
  readonly clock: ManualClock;
  readonly database: Database;
  readonly tokens: TestTokens;
  /** What pricing knows. */
  sell(amountMinor?: bigint, sellerId?: string, currency?: string): Article;
  /** Pricing answers like this from now on; undefined: as it should. */
  breakPricing(error: AppError | undefined): void;
  http(path: string, request?: Request): Promise<Answer>;
  /** Hands an event to order's consumers, as a sidecar would. The same id again is a redelivery. */
  deliver<Desc extends DescMessage>(schema: Desc, init: MessageInitShape<Desc>, id?: string): Promise<Delivery>;
  runJob(name: string): Promise<unknown>;
  /** Topics published about an order, oldest first. */
  topics(orderId: string): Promise<readonly string[]>;
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

/** A state store in memory that is as strict about etags as Dapr's. */
const memoryState = (): { readonly store: StateStore; content(): unknown } => {
  const entries = new Map<string, { value: unknown; etag: string }>();
  const assertEtag = (key: string, etag: string | null | undefined) => {
    if (etag === undefined) return;
    if ((entries.get(key)?.etag ?? null) !== etag) throw new AppError("conflict", "dapr.etag_mismatch", "Changed.");
  };
  const store = {
    async get(key: string) {
      const entry = entries.get(key);
      return entry && { key, ...structuredClone(entry) };
    },
    async delete(key: string, { etag }: { etag?: string } = {}) {
      assertEtag(key, etag);
      entries.delete(key);
    },
    async transact(operations: Parameters<StateStore["transact"]>[0]) {
      for (const operation of operations) {
        if (operation.op !== "set") throw new TypeError("carts are only set");
        assertEtag(operation.key, operation.etag);
        entries.set(operation.key, { value: structuredClone(operation.value), etag: newId() });
      }
    },
  };
  return { store: store as unknown as StateStore, content: () => [...entries] };
};

const TABLES = ["orders", "seller_order", "order_event", "tandem.saga", "tandem.saga_step", "tandem.outbox_event"];

export const startHarness = async (): Promise<Harness> => {
  const test = await createTestDatabase({ sets: migrations });
  const { database } = test;
  const clock = manualClock(new Date("2026-11-21T10:00:00Z"));
  const tokens = await createTestTokens();
  const outbox = createOutbox({ database, source: "order" });
  const { log } = captureLog();
  const metrics = createMetrics({ service: "order" });
  const telemetry = createTelemetry({ service: "order" });
  const health = createHealth();
  const shutdown = createShutdown({ health, log });
  const state = memoryState();
  const articles = new Map<string, Article>();
  let pricingError: AppError | undefined;

  const rpcServer = (name: string, services: Parameters<typeof createRpcServer>[0]["services"]) =>
    createRpcServer({
      name,
      httpPort: 0,
      grpcPort: 0,
      host: "127.0.0.1",
      services,
      authenticator: tokens.authenticator,
      ...(name === "order" ? { idempotency: createPostgresIdempotencyStore(database, { log }) } : {}),
      health,
      metrics: createMetrics({ service: name }),
      telemetry,
      log,
      limits: { rates: false },
    });

  const pricing = rpcServer("pricing", [
    registerService(PricingService, {
      createQuote: ({ customerId, currencyCode, countryCode, lines }) => {
        if (pricingError) throw pricingError;
        const quoted = lines.map(({ productId, quantity }) => {
          const article = articles.get(productId);
          if (!article) throw new AppError("not_found", "pricing.product_unknown", "There is no such product.");
          if (article.currency !== currencyCode) {
            throw new AppError("not_found", "pricing.price_not_found", "It has no price in this currency.");
          }
          const amount = (minor: bigint) => moneyToProto(money(currencyCode, minor));
          const total = article.amountMinor * BigInt(quantity);
          return {
            productId,
            sellerId: article.sellerId,
            sku: `SKU-${productId.slice(-6)}`,
            name: "Mug",
            quantity,
            unitPrice: amount(article.amountMinor),
            discount: amount(0n),
            tax: amount(0n),
            taxRateBasisPoints: 0,
            total: amount(total),
          };
        });
        const expiresAt = timestampFromDate(new Date(clock.now().getTime() + 900_000));
        return { quote: { quoteId: newId(), customerId, currencyCode, countryCode, lines: quoted, expiresAt } };
      },
    }),
  ]);
  const { httpUrl: pricingUrl } = await pricing.start();

  const platform = {
    database,
    outbox,
    clock,
    log,
    metrics,
    telemetry,
    health,
    shutdown,
    dapr: { state: () => state.store } as unknown as Dapr,
  };
  const apiPlatform = { ...platform, config: orderApiConfig.parse({ ...ENV, PRICING_URL: pricingUrl }) };
  const workerPlatform = { ...platform, config: orderWorkerConfig.parse(ENV) };
  const { services } = composeApi(apiPlatform as unknown as Platform<z.output<typeof orderApiConfig>>);
  const worker = composeWorker(workerPlatform as unknown as Platform<z.output<typeof orderWorkerConfig>>);
  const consumers = createConsumerHost({
    database,
    consumers: worker.consumers ?? [],
    workerAppId: "order-worker",
    log,
  });
  const server = rpcServer("order", services);
  const { httpUrl } = await server.start();
  health.setServing(true);

  return {
    clock,
    database,
    tokens,
    sell(amountMinor = 1_000n, sellerId = newId(), currency = "EUR") {
      const article = { productId: newId(), sellerId, amountMinor, currency };
      articles.set(article.productId, article);
      return article;
    },
    breakPricing: (error) => {
      pricingError = error;
    },
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
      return job.run({
        scheduledAt,
        cause: "schedule",
        attempt: 1,
        token: 1n,
        signal: AbortSignal.timeout(10_000),
        log,
      });
    },
    async topics(orderId) {
      const { rows } = await database.query<{ topic: string }>(
        "select topic from tandem.outbox_event where subject = $1 order by seq",
        [orderId],
      );
      return rows.map(({ topic }) => topic);
    },
    async fingerprint() {
      const parts = TABLES.map(
        (table) =>
          `select '${table}' as name, count(*)::int as n, md5(string_agg(t::text, '' order by t::text)) as content from ${table} t`,
      );
      return [(await database.query(parts.join(" union all "))).rows, state.content()];
    },
    async [Symbol.asyncDispose]() {
      await server.stop(0);
      await shutdown.run("the test is over");
      await pricing.stop(0);
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

export const address = {
  recipient: "Ada Park",
  line1: "Lindenstrasse 12",
  postalCode: "10969",
  city: "Berlin",
  countryCode: "DE",
};
export const card = { card: { token: "tok_visa" } };

/** A good order; what a test says goes over it. */
export const orderBody = (articles: readonly Article[], over: object = {}): object => ({
  currencyCode: "EUR",
  lines: articles.map(({ productId }) => ({ productId, quantity: 2 })),
  shippingAddress: address,
  paymentMethod: card,
  ...over,
});
