import type { Clock } from "@tandem/kernel";
import type { Database } from "@tandem/postgres";
import { type CacheEvent, createCacheLoader } from "@tandem/resilience";
import type { PriceSource } from "../biz/ports.ts";
import type { ProductPrices } from "../model/price.ts";
import { gatherLoads } from "./gather-loads.ts";
import { listProductPrices } from "./list-product-prices.ts";

export interface CachedPriceSourceOptions {
  readonly database: Pick<Database, "query">;
  readonly clock: Clock;
  /** How old a price may be that another replica changed, 0 to 60 000; 0 turns the cache off. */
  readonly ttlMs: number;
  readonly onEvent?: (event: CacheEvent) => void;
}

/** Prices through a cache with one load per product at a time; what many readers miss at once is one query. */
export const makeCachedPriceSource = ({ database, clock, ttlMs, onEvent }: CachedPriceSourceOptions): PriceSource => {
  const load = gatherLoads(async (productIds) => {
    const found = await listProductPrices(database, productIds, clock.now());
    return new Map(found.map((of) => [of.productId, of]));
  });
  const cache = createCacheLoader<string, ProductPrices>({
    load,
    ttlMs,
    // Products without a price are asked for when they are new: they shall not stay unpriced for long.
    isEmpty: ({ prices }) => prices.length === 0,
    clock,
    ...(onEvent ? { onEvent } : {}),
  });
  const nothing = (productId: string): ProductPrices => ({ productId, product: undefined, prices: [], promotions: [] });
  return {
    listByProductIds: (productIds) =>
      Promise.all(productIds.map(async (productId) => (await cache.get(productId)) ?? nothing(productId))),
    forget(productIds) {
      if (!productIds) return cache.clear();
      for (const productId of productIds) cache.invalidate(productId);
    },
  };
};
