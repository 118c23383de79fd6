import type { Clock } from "@tandem/kernel";
import { announcedPrices } from "../model/price.ts";
import { priceChanged } from "../model/pricing-events.ts";
import type { PricingUnitOfWork } from "./ports.ts";

export interface AnnouncePricesDeps {
  readonly uow: PricingUnitOfWork;
  readonly clock: Clock;
  /** Products per transaction, 1 to 1000; default 200. */
  readonly batchSize?: number;
}

/** Publishes `price.changed` for up to `limit` products that promotions touched (default: all). Returns how many it took. */
export const makeAnnouncePrices =
  ({ uow, clock, batchSize = 200 }: AnnouncePricesDeps) =>
  async ({ limit = Number.POSITIVE_INFINITY }: { limit?: number } = {}, signal?: AbortSignal): Promise<number> => {
    const announceBatch = (size: number) =>
      uow.transact(async ({ announcements, prices, outbox }) => {
        const taken = await announcements.take(size);
        if (taken.length === 0) return 0;
        const productIds = taken.map(({ productId }) => productId);
        const causes = new Map(taken.map(({ productId, cause }) => [productId, cause]));
        const versions = await prices.lockByProductIds(productIds);
        const now = clock.now();
        const events = (await prices.listByProductIds(productIds)).flatMap((of) => {
          const announced = announcedPrices(of, now);
          if (announced.length === 0) return [];
          const { productId } = of;
          const cause = causes.get(productId) ?? "SET";
          return [
            priceChanged({ productId, version: versions.get(productId) ?? 1n, prices: announced, cause, at: now }),
          ];
        });
        await outbox.add(...events);
        return taken.length;
      }, signal);

    let announced = 0;
    while (announced < limit && !signal?.aborted) {
      const size = Math.min(batchSize, limit - announced);
      const batch = await announceBatch(size);
      announced += batch;
      if (batch < size) break;
    }
    return announced;
  };
