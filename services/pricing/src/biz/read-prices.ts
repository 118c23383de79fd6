import { type AppError, type Clock, isAppError } from "@tandem/kernel";
import { currencyMismatch, priceNotFound } from "../model/errors.ts";
import { type CurrentPrice, currentPrice, type ProductPrices } from "../model/price.ts";
import type { PriceListReader, PriceSource } from "./ports.ts";

export interface ReadPricesDeps {
  readonly source: PriceSource;
  readonly priceLists: Pick<PriceListReader, "getById">;
  readonly clock: Clock;
}

export interface PriceQuery {
  readonly currency: string;
  /** Undefined: the currency's default one. */
  readonly priceListId?: string | undefined;
}

/**
 * What products cost now. Rows come from a cache and may be seconds old; promotions start and end to the millisecond.
 * @returns in the order asked for: the price, or AppError `pricing.price_not_found`
 */
export const makeReadPrices = ({ source, priceLists, clock }: ReadPricesDeps) => {
  const list = async (
    productIds: readonly string[],
    query: PriceQuery,
  ): Promise<readonly (CurrentPrice | AppError)[]> => {
    const now = clock.now();
    return (await source.listByProductIds(productIds)).map((of) => pick(of, query, now));
  };
  return {
    list,
    /** @throws AppError `pricing.price_not_found`, `pricing.price_list_not_found`, `pricing.currency_mismatch` */
    async get(productId: string, query: PriceQuery): Promise<CurrentPrice> {
      const [found] = await list([productId], query);
      if (found && !isAppError(found)) return found;
      // Only now does it matter whether the list is there at all.
      if (query.priceListId) {
        const { currency } = await priceLists.getById(query.priceListId);
        if (currency !== query.currency) throw currencyMismatch(query.currency, currency);
      }
      throw found ?? priceNotFound(productId, query.currency);
    },
  };
};

const pick = (of: ProductPrices, { currency, priceListId }: PriceQuery, now: Date): CurrentPrice | AppError => {
  const price = of.prices.find(
    (one) => one.amount.currency === currency && (priceListId ? one.priceListId === priceListId : one.isDefault),
  );
  if (!price || of.product?.status === "ARCHIVED") return priceNotFound(of.productId, currency);
  return currentPrice(of, price, now);
};
