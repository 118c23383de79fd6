import { type AppError, type Clock, isAppError } from "@tandem/kernel";
import { productUnknown } from "../model/errors.ts";
import { announcedPrices, type CurrentPrice, currentPrice, type Price, type ProductPrices } from "../model/price.ts";
import { type PricingEvent, priceChanged } from "../model/pricing-events.ts";
import type { Product } from "../model/product.ts";
import { type PlacedPrice, placeInLists, type WantedPrice } from "./place-in-lists.ts";
import type { PriceSource, PricingUnitOfWork } from "./ports.ts";

export interface SetPricesDeps {
  readonly uow: PricingUnitOfWork;
  readonly source: Pick<PriceSource, "forget">;
  readonly clock: Clock;
  readonly newId: () => string;
}

export interface SetPricesInput {
  readonly prices: readonly WantedPrice[];
  /** Whether the caller may set prices of this seller's products; asked with "" for a product not known yet. */
  readonly mayActForSeller: (sellerId: string) => boolean;
}

/**
 * Sets each price or says why not, all in one transaction, and announces what changed with `price.changed`, once per product.
 * A handful of statements however many prices. The last one wins when a product appears twice. Setting what is set already
 * announces nothing.
 * @returns in the order of the input: the price, or an AppError `pricing.product_unknown`, `pricing.price_list_not_found`,
 *   `pricing.currency_mismatch`, `pricing.currency_unknown`
 */
export const makeSetPrices =
  ({ uow, source, clock, newId }: SetPricesDeps) =>
  async ({ prices: wanted, mayActForSeller }: SetPricesInput, signal?: AbortSignal) => {
    const outcomes = await uow.transact(async (repositories) => {
      const { products, prices, outbox } = repositories;
      const known = byId(await products.listByIds(unique(wanted.map(({ productId }) => productId))));
      const judged = wanted.map((price) =>
        mayPrice(known.get(price.productId), mayActForSeller) ? price : productUnknown(price.productId),
      );
      const accepted = await placeInLists(repositories.priceLists, judged, clock.now(), newId);

      const productIds = unique(accepted.flatMap((price) => (isAppError(price) ? [] : [price.productId])));
      if (productIds.length === 0) return accepted as readonly AppError[];
      const versions = await prices.lockByProductIds(productIds);
      // Behind the lock: a promotion that started while this waited counts.
      const now = clock.now();
      const before = await prices.listByProductIds(productIds);
      const changes = before.map((of) => changeOf(of, accepted, now));
      await prices.upsertAmounts(changes.flatMap(({ written }) => written));
      await outbox.add(...changes.flatMap((change) => eventOf(change, versions, now)));

      const after = new Map(changes.map((change) => [change.after.productId, change.after]));
      return accepted.map((price) => (isAppError(price) ? price : resultOf(price, after, now)));
    }, signal);
    source.forget(wanted.map(({ productId }) => productId));
    return outcomes;
  };

/** Staff may price what catalog has not announced yet; nobody prices what is gone. */
const mayPrice = (product: Product | undefined, mayActForSeller: (sellerId: string) => boolean): boolean =>
  product?.status !== "ARCHIVED" && mayActForSeller(product?.sellerId ?? "");

interface Change {
  readonly after: ProductPrices;
  readonly written: readonly Price[];
}

const changeOf = (before: ProductPrices, accepted: readonly (PlacedPrice | AppError)[], now: Date): Change => {
  const prices = new Map(before.prices.map((price) => [price.priceListId, price]));
  const written = new Map<string, Price>();
  for (const price of accepted) {
    if (isAppError(price) || price.productId !== before.productId) continue;
    const { list, productId, amount } = price;
    const current = before.prices.find(({ priceListId }) => priceListId === list.id);
    const version = (current?.version ?? 0n) + 1n;
    if (current?.amount.minor === amount.minor) {
      prices.set(list.id, current);
      written.delete(list.id);
      continue;
    }
    const next = { productId, priceListId: list.id, isDefault: list.isDefault, amount, version, updatedAt: now };
    prices.set(list.id, next);
    written.set(list.id, next);
  }
  return { after: { ...before, prices: [...prices.values()] }, written: [...written.values()] };
};

const eventOf = (change: Change, versions: ReadonlyMap<string, bigint>, now: Date): readonly PricingEvent[] => {
  if (!change.written.some(({ isDefault }) => isDefault)) return [];
  const { productId } = change.after;
  const version = versions.get(productId) ?? 1n;
  return [priceChanged({ productId, version, prices: announcedPrices(change.after, now), cause: "SET", at: now })];
};

const resultOf = (
  { productId, list }: PlacedPrice,
  after: ReadonlyMap<string, ProductPrices>,
  now: Date,
): CurrentPrice => {
  const of = after.get(productId);
  const price = of?.prices.find(({ priceListId }) => priceListId === list.id);
  if (!of || !price) throw new TypeError(`price of ${productId} was not written`);
  return currentPrice(of, price, now);
};

const byId = (products: readonly Product[]): ReadonlyMap<string, Product> =>
  new Map(products.map((product) => [product.productId, product]));

const unique = (values: readonly string[]): string[] => [...new Set(values)];
