import type { Clock } from "@tandem/kernel";
import { announcedPrices } from "../model/price.ts";
import { priceChanged } from "../model/pricing-events.ts";
import type { Product } from "../model/product.ts";
import type { PriceSource, PricingUnitOfWork } from "./ports.ts";

export interface TrackProductDeps {
  readonly uow: PricingUnitOfWork;
  readonly source: Pick<PriceSource, "forget">;
  readonly clock: Clock;
}

/**
 * Remembers what catalog says about a product, by its version: news may come in any order and more than once. A product that
 * was priced before it was known may turn out to have a promotion of its seller: then its price is announced anew.
 */
export const makeTrackProduct =
  ({ uow, source, clock }: TrackProductDeps) =>
  async (product: Product, signal?: AbortSignal): Promise<void> => {
    const { productId, sellerId } = product;
    const isNews = await uow.transact(async ({ products, prices, outbox }) => {
      const [before] = await products.listByIds([productId]);
      if (!(await products.upsertIfNewer(product))) return false;
      if (product.status === "ARCHIVED" || before?.sellerId === sellerId) return true;
      // Locked before reading: a price that is being set meanwhile sees the product, or is seen here.
      const version = (await prices.lockByProductIds([productId])).get(productId) ?? 1n;
      const [of] = await prices.listByProductIds([productId]);
      if (!of?.promotions.some((terms) => terms.sellerId === sellerId)) return true;
      const now = clock.now();
      const announced = announcedPrices(of, now);
      if (announced.length > 0)
        await outbox.add(priceChanged({ productId, version, prices: announced, cause: "PROMOTION_STARTED", at: now }));
      return true;
    }, signal);
    if (isNews) source.forget([productId]);
  };
