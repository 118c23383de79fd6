import type { Money } from "@tandem/kernel";
import { currencyUnknown } from "./errors.ts";
import type { Product } from "./product.ts";
import { type PromotionTerms, promote } from "./promotion.ts";

/** A named set of prices in one currency. */
export interface PriceList {
  readonly id: string;
  readonly name: string;
  readonly currency: string;
  /** Answers when no list is asked for; one per currency. */
  readonly isDefault: boolean;
  /** Whose quotes have its prices; empty: nobody's by themselves. */
  readonly segment: string;
  readonly version: bigint;
  readonly createdAt: Date;
}

/** What a product costs in a list, as set. */
export interface Price {
  readonly productId: string;
  readonly priceListId: string;
  readonly isDefault: boolean;
  /** More than zero. */
  readonly amount: Money;
  readonly version: bigint;
  readonly updatedAt: Date;
}

/** All that decides what one product costs at a moment. */
export interface ProductPrices {
  readonly productId: string;
  /** Undefined until catalog's news arrive. */
  readonly product: Product | undefined;
  readonly prices: readonly Price[];
  /** Every promotion that may concern the product now or later. */
  readonly promotions: readonly PromotionTerms[];
}

/** What one piece costs now. */
export interface CurrentPrice extends Price {
  readonly currentAmount: Money;
  readonly promotionId: string | undefined;
}

export const currentPrice = (
  { product, promotions }: Pick<ProductPrices, "product" | "promotions">,
  price: Price,
  now: Date,
): CurrentPrice => {
  const { productId, amount } = price;
  const piece = { productId, sellerId: product?.sellerId, price: amount, quantity: 1 };
  const { price: currentAmount, promotionId } = promote(promotions, piece, now);
  return { ...price, currentAmount, promotionId };
};

/** In every default list, by currency: what `price.changed` says. */
export const announcedPrices = (of: ProductPrices, now: Date): readonly CurrentPrice[] =>
  of.prices
    .filter(({ isDefault }) => isDefault)
    .sort((a, b) => (a.amount.currency < b.amount.currency ? -1 : 1))
    .map((price) => currentPrice(of, price, now));

const currencies = new Set(Intl.supportedValuesOf("currency"));

/** By ISO 4217, as far as this runtime knows it. */
export const isCurrency = (code: string): boolean => currencies.has(code);

/**
 * The list that comes into being with the first price in its currency.
 * @throws AppError `pricing.currency_unknown`: a typing error shall not open a list
 */
export const defaultPriceList = (id: string, currency: string, now: Date): PriceList => {
  if (!isCurrency(currency)) throw currencyUnknown(currency);
  return { id, name: `Default ${currency}`, currency, isDefault: true, segment: "", version: 1n, createdAt: now };
};
