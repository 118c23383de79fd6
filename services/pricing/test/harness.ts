import { create, type DescMessage, type MessageInitShape } from "@bufbuild/protobuf";
import type { Role } from "@tandem/auth";
import { ProductCreatedSchema, ProductStatus } from "@tandem/contracts/catalog";
import { PricingService } from "@tandem/contracts/pricing";
import { newId } from "@tandem/kernel";
import type { ConsumerHost, Delivery } from "@tandem/messaging";
import type { Database } from "@tandem/postgres";
import { createRpcClient, direct, type RpcClient } from "@tandem/rpc";
import type { ManualClock } from "@tandem/testkit";
import type { FuzzTarget } from "@tandem/testkit/fuzz";
import { startTestService } from "@tandem/testkit/service";
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
export interface Harness extends AsyncDisposable, FuzzTarget {
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

/** What is sent to Postgres from now on, by every connection of this process. */
const recordStatements = async ({ pool }: Database): Promise<readonly string[]> => {
  const sent: string[] = [];
  const client = await pool.connect();
  const prototype = Object.getPrototypeOf(client) as { query: (...args: unknown[]) => unknown };
  client.release();
  const { query } = prototype;
  prototype.query = function (...args) {
    const [statement] = args as [string | { text: string }];
    sent.push(typeof statement === "string" ? statement : statement.text);
    return query.apply(this, args);
  };
  return sent;
};

export const startHarness = async (env: Readonly<Record<string, string>> = {}): Promise<Harness> => {
  const service = await startTestService({
    context: "pricing",
    migrations,
    api: { config: pricingApiConfig, compose: composeApi },
    worker: { config: pricingWorkerConfig, compose: composeWorker },
    env,
  });
  const sent = await recordStatements(service.database);
  const tokenOf = (claims: Claims) => service.tokens.mint({ subject: "somebody", ...claims });

  return {
    url: service.url,
    tokens: service.tokens,
    fingerprint: service.fingerprint,
    clock: service.clock,
    database: service.database,
    consumers: service.consumers,
    deliver: service.deliver,
    runJob: service.runJob,
    async statementsOf(work) {
      const before = sent.length;
      await work();
      // Relays are woken after the commit, in their own time: no part of the work.
      return sent.slice(before).filter((text) => !text.includes("pg_notify"));
    },
    async rpc(claims) {
      const token = await tokenOf(claims);
      return createRpcClient(PricingService, {
        target: direct(service.url),
        identity: "service",
        tokenSource: { token: async () => token },
        deadlineMs: 10_000,
        retry: { attempts: 1 },
        breaker: false,
      });
    },
    async http(path, { method = "GET", body, claims, headers = {} } = {}) {
      const authorization = claims ? { authorization: `Bearer ${await tokenOf(claims)}` } : undefined;
      return service.http(path, {
        method,
        headers,
        ...(body === undefined ? {} : { body }),
        ...(authorization ? { as: authorization } : {}),
      });
    },
    async announced(productId) {
      const about = (await service.events(productId)).filter(({ topic }) => topic === "price.changed");
      return about.map(({ data }) => data as unknown as PriceChangedJson);
    },
    [Symbol.asyncDispose]: () => service[Symbol.asyncDispose](),
  };
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
