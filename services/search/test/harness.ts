import { timestampFromDate } from "@bufbuild/protobuf/wkt";
import {
  ProductCreatedSchema,
  ProductDeletedSchema,
  ProductStatus,
  ProductUpdatedSchema,
} from "@tandem/contracts/catalog";
import { PriceChangedSchema } from "@tandem/contracts/pricing";
import { StockChangedSchema } from "@tandem/contracts/warehouse";
import { newId } from "@tandem/kernel";
import { pollUntil } from "@tandem/testkit";
import { startTestService, type TestService } from "@tandem/testkit/service";
import { searchApiConfig, searchWorkerConfig } from "../src/config/config.ts";
import { migrations } from "../src/migrate.ts";
import { composeApi } from "../src/server/compose-api.ts";
import { composeWorker } from "../src/worker/compose-worker.ts";

export interface Harness extends TestService {
  /** Until the engine knows everything. */
  settled(): Promise<void>;
}

export const startHarness = async (env: Record<string, string> = {}): Promise<Harness> => {
  const service = await startTestService({
    context: "search",
    migrations,
    api: { config: searchApiConfig, compose: composeApi },
    worker: { config: searchWorkerConfig, compose: composeWorker },
    env: { INDEX_POLL_MS: "20", ...env },
    startWorkers: true,
  });
  const settled = async () => {
    await pollUntil(
      async () => {
        const { rows } = await service.database.query<{ open: number; live: number }>(
          `select (select count(*)::int from index_task where status = 'OPEN') as open,
             (select count(*)::int from search_index where state = 'LIVE') as live`,
        );
        return rows[0]?.open === 0 && rows[0].live === 1;
      },
      { timeoutMs: 20_000, message: "an empty queue" },
    );
  };
  await settled();
  return { ...service, settled };
};

const at = { seconds: 1_700_000_000n, nanos: 0 };

export interface ProductFacts {
  readonly name?: string;
  readonly description?: string;
  readonly sellerId?: string;
  readonly categoryId?: string;
  readonly attributes?: Record<string, string>;
  readonly status?: ProductStatus;
  readonly sku?: string;
  readonly createdAt?: Date;
}

/** What the other contexts say about one product. */
export const productOf = (harness: Harness, productId = newId()) => {
  const sellerId = newId();
  const said = (facts: ProductFacts) => ({
    productId,
    sellerId,
    name: "Thing",
    status: ProductStatus.ACTIVE,
    ...facts,
    createdAt: timestampFromDate(facts.createdAt ?? new Date(1_700_000_000_000)),
  });
  return {
    productId,
    created: (facts: ProductFacts, version = 1n, id?: string) =>
      harness.deliver(
        ProductCreatedSchema,
        { productId, aggregateVersion: version, occurredAt: at, product: said(facts) },
        id,
      ),
    updated: (facts: ProductFacts, version: bigint, id?: string) =>
      harness.deliver(
        ProductUpdatedSchema,
        { productId, aggregateVersion: version, occurredAt: at, product: said(facts) },
        id,
      ),
    deleted: (version: bigint, id?: string) =>
      harness.deliver(ProductDeletedSchema, { productId, aggregateVersion: version, occurredAt: at, sellerId }, id),
    priced: (amountMinor: bigint, version = 1n, currencyCode = "EUR", id?: string) =>
      harness.deliver(
        PriceChangedSchema,
        {
          productId,
          aggregateVersion: version,
          occurredAt: at,
          prices: [{ productId, amount: { currencyCode, amountMinor } }],
        },
        id,
      ),
    stocked: (available: number, version = 1n, id?: string) =>
      harness.deliver(
        StockChangedSchema,
        { productId, aggregateVersion: version, occurredAt: at, sellerId, onHand: available, available },
        id,
      ),
  };
};
