import { type AppError, isAppError, type Money } from "@tandem/kernel";
import { currencyMismatch, priceListNotFound } from "../model/errors.ts";
import { defaultPriceList, type PriceList } from "../model/price.ts";
import type { PriceListRepository } from "./ports.ts";

export interface WantedPrice {
  readonly productId: string;
  /** Undefined: the default one of the amount's currency, which comes into being when it is missing. */
  readonly priceListId: string | undefined;
  readonly amount: Money;
}

export interface PlacedPrice extends WantedPrice {
  readonly list: PriceList;
}

/**
 * Finds the list of each price: the one that it names, or its currency's default one, which is opened when it is missing. What was
 * refused before stays refused.
 */
export const placeInLists = async (
  priceLists: PriceListRepository,
  judged: readonly (WantedPrice | AppError)[],
  now: Date,
  newId: () => string,
): Promise<readonly (PlacedPrice | AppError)[]> => {
  const open = judged.flatMap((price) => (isAppError(price) ? [] : [price]));
  const ids = distinct(open.flatMap(({ priceListId }) => priceListId ?? []));
  // Sorted, so that two batches that open lists never wait for each other in a ring.
  const currencies = distinct(open.flatMap(({ priceListId, amount }) => (priceListId ? [] : amount.currency))).sort();
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
  priceLists: PriceListRepository,
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

const distinct = (values: readonly string[]): string[] => [...new Set(values)];
