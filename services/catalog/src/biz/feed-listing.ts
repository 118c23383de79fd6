import type { CatalogUnitOfWork, PricePart } from "./ports.ts";

export interface FeedListingDeps {
  readonly uow: CatalogUnitOfWork;
}

/** Takes a product's current prices into the listing, unless newer ones are there. */
export const makeFeedPrices =
  ({ uow }: FeedListingDeps) =>
  (input: { productId: string; prices: readonly PricePart[]; version: bigint }, signal?: AbortSignal): Promise<void> =>
    uow.transact(({ listings }) => listings.updatePrices(input.productId, input.prices, input.version), signal);

/** Takes a product's availability into the listing, unless a newer one is there. */
export const makeFeedStock =
  ({ uow }: FeedListingDeps) =>
  (input: { productId: string; available: number; version: bigint; at: Date }, signal?: AbortSignal): Promise<void> =>
    uow.transact(
      ({ listings }) => listings.updateStock(input.productId, input.available, input.version, input.at),
      signal,
    );
