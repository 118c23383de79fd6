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
      const { productId } = product;
      if (!(await products.upsertIfNewer(product)) || product.status === "ARCHIVED") return;
      const [of] = await prices.listByProductIds([productId]);
      const now = clock.now();
      if (!of?.promotions.some(({ sellerId }) => sellerId === product.sellerId)) return;
      const version = (await prices.lockByProductIds([productId])).get(productId) ?? 1n;
      const [locked] = await prices.listByProductIds([productId]);
      const announced = locked ? announcedPrices(locked, now) : [];
      if (announced.length === 0) return;
      await outbox.add(priceChanged({ productId, version, prices: announced, cause: "PROMOTION_STARTED", at: now }));
    }, signal);
