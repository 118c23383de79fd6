import { timestampFromDate } from "@bufbuild/protobuf/wkt";
import { moneyToProto } from "@tandem/contracts/common";
import { PricingService } from "@tandem/contracts/pricing";
import type { Dapr, StateStore } from "@tandem/dapr";
import { AppError, money, newId } from "@tandem/kernel";
import { createRpcServer, registerService } from "@tandem/rpc";
import { createHealth, createMetrics, createTelemetry } from "@tandem/runtime";
import { captureLog, manualClock } from "@tandem/testkit";
import { startTestService, type TestService } from "@tandem/testkit/service";
import { orderApiConfig, orderWorkerConfig } from "../src/config/config.ts";
import { migrations } from "../src/migrate.ts";
import { composeApi } from "../src/server/compose-api.ts";
import { composeWorker } from "../src/worker/compose-worker.ts";

export interface Article {
  readonly productId: string;
  readonly sellerId: string;
  readonly amountMinor: bigint;
  readonly currency: string;
}

/** Order as it runs, with a pricing of the test's own and carts in memory. */
export interface Harness extends TestService {
  /** What pricing knows. */
  sell(amountMinor?: bigint, sellerId?: string, currency?: string): Article;
  /** Pricing answers like this from now on; undefined: as it should. */
  breakPricing(error: AppError | undefined): void;
}

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

export const startHarness = async (): Promise<Harness> => {
  const clock = manualClock(new Date("2026-11-21T10:00:00Z"));
  const state = memoryState();
  const articles = new Map<string, Article>();
  let pricingError: AppError | undefined;
  const { log } = captureLog();
  const health = createHealth();
  const pricing = createRpcServer({
    name: "pricing",
    httpPort: 0,
    grpcPort: 0,
    host: "127.0.0.1",
    services: [
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
    ],
    // The caller's token travels on, and both trust the same issuer.
    authenticator: { authenticate: (token) => service.tokens.authenticator.authenticate(token) },
    health,
    metrics: createMetrics({ service: "pricing" }),
    telemetry: createTelemetry({ service: "pricing" }),
    log,
    limits: { rates: false },
  });
  const { httpUrl } = await pricing.start();
  health.setServing(true);
  const service: TestService = await startTestService({
    context: "order",
    migrations,
    api: { config: orderApiConfig, compose: composeApi },
    worker: { config: orderWorkerConfig, compose: composeWorker },
    env: { PRICING_URL: httpUrl },
    platform: { clock, dapr: { state: () => state.store } as unknown as Dapr },
  });
  return {
    ...service,
    clock,
    sell(amountMinor = 1_000n, sellerId = newId(), currency = "EUR") {
      const article = { productId: newId(), sellerId, amountMinor, currency };
      articles.set(article.productId, article);
      return article;
    },
    breakPricing: (error) => {
      pricingError = error;
    },
    fingerprint: async () => [await service.fingerprint(), state.content()],
    async [Symbol.asyncDispose]() {
      await service[Symbol.asyncDispose]();
      await pricing.stop(0);
    },
  };
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
