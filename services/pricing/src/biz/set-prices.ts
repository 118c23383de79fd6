import { type AppError, type Clock, isAppError, type Money } from "@tandem/kernel";
import { currencyMismatch, priceListNotFound, productUnknown } from "../model/errors.ts";
import {
  announcedPrices,
  type CurrentPrice,
  currentPrice,
  defaultPriceList,
  type Price,
  type PriceList,
  type ProductPrices,
} from "../model/price.ts";
import { type PricingEvent, priceChanged } from "../model/pricing-events.ts";
import type { Product } from "../model/product.ts";
import type { PriceSource, PricingUnitOfWork, Repositories } from "./ports.ts";

export interface SetPricesDeps {
  readonly uow: PricingUnitOfWork;
  readonly source: Pick<PriceSource, "forget">;
  readonly clock: Clock;
  readonly newId: () => string;
}

export interface WantedPrice {
  readonly productId: string;
  /** Undefined: the default one of the amount's currency, which comes into being when it is missing. */
  readonly priceListId: string | undefined;
  readonly amount: Money;
}

export interface SetPricesInput {
  readonly prices: readonly WantedPrice[];
  /** Whether the caller may set prices of this seller's products; asked with "" for a product not known yet. */
  readonly mayActForSeller: (sellerId: string) => boolean;
}

interface Accepted extends WantedPrice {
  readonly list: PriceList;
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
      const accepted = await placeInLists(repositories, judged, clock.now(), newId);

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

const placeInLists = async (
  { priceLists }: Repositories,
  judged: readonly (WantedPrice | AppError)[],
  now: Date,
  newId: () => string,
): Promise<readonly (Accepted | AppError)[]> => {
  const open = judged.flatMap((price) => (isAppError(price) ? [] : [price]));
  const ids = unique(open.flatMap(({ priceListId }) => priceListId ?? []));
  const currencies = unique(open.flatMap(({ priceListId, amount }) => (priceListId ? [] : amount.currency)));
  const lists = new Map<string, PriceList>();
  if (ids.length > 0) for (const list of await priceLists.listByIds(ids)) lists.set(list.id, list);
  const defaults = new Map<string, PriceList | AppError>();
  if (currencies.length > 0) {
    for (const list of await priceLists.listDefaults(currencies)) defaults.set(list.currency, list);
  }
  for (const currency of currencies) {
    if (defaults.has(currency)) continue;
    defaults.set(currency, await openDefault(priceLists, currency, now, newId));
  }
  return judged.map((price) => {
    if (isAppError(price)) return price;
    const { priceListId, amount } = price;
    const list = priceListId ? lists.get(priceListId) : defaults.get(amount.currency);
    if (!list) return priceListNotFound(priceListId ?? "");
    if (isAppError(list)) return list;
    if (list.currency !== amount.currency) return currencyMismatch(amount.currency, list.currency);
    return { ...price, list };
  });
};

const openDefault = async (
  priceLists: Repositories["priceLists"],
  currency: string,
  now: Date,
  newId: () => string,
): Promise<PriceList | AppError> => {
  try {
    const list = defaultPriceList(newId(), currency, now);
    if (await priceLists.createIfAbsent(list)) return list;
    // Somebody else opened it meanwhile; their transaction has ended, so it is there to see.
    const [theirs] = await priceLists.listDefaults([currency]);
    return theirs ?? list;
  } catch (error) {
    if (isAppError(error, "pricing.currency_unknown")) return error;
    throw error;
  }
};

interface Change {
  readonly after: ProductPrices;
  readonly written: readonly Price[];
}

const changeOf = (before: ProductPrices, accepted: readonly (Accepted | AppError)[], now: Date): Change => {
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
  { productId, list }: Accepted,
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
