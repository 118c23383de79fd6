import type { Clock } from "@tandem/kernel";
import { announcedPrices } from "../model/price.ts";
import { priceChanged } from "../model/pricing-events.ts";
import type { Product } from "../model/product.ts";
import type { PricingUnitOfWork } from "./ports.ts";

export interface TrackProductDeps {
  readonly uow: PricingUnitOfWork;
  readonly clock: Clock;
}

/**
 * Remembers what catalog says about a product, by its version: news may come in any order and more than once. A product that
 * was priced before it was known may turn out to have a promotion of its seller: then its price is announced anew.
 */
export const makeTrackProduct =
  ({ uow, clock }: TrackProductDeps) =>
  (product: Product, signal?: AbortSignal): Promise<void> =>
    uow.transact(async ({ products, prices, outbox }) => {
      const { productId, sellerId } = product;
      const [before] = await products.listByIds([productId]);
      if (!(await products.upsertIfNewer(product)) || product.status === "ARCHIVED") return;
      if (before?.sellerId === sellerId) return;
      // Locked before reading: a price that is being set meanwhile sees the product, or is seen here.
      const version = (await prices.lockByProductIds([productId])).get(productId) ?? 1n;
      const [of] = await prices.listByProductIds([productId]);
      if (!of?.promotions.some((terms) => terms.sellerId === sellerId)) return;
      const now = clock.now();
      const announced = announcedPrices(of, now);
      if (announced.length === 0) return;
      await outbox.add(priceChanged({ productId, version, prices: announced, cause: "PROMOTION_STARTED", at: now }));
    }, signal);
