import {
  AppError,
  addMoney,
  allocateMoney,
  type Money,
  multiplyMoney,
  percentOf,
  subtractMoney,
  sumMoney,
  zeroMoney,
} from "@tandem/kernel";
import type { Product } from "./product.ts";
import { type PromotionTerms, promote } from "./promotion.ts";

export interface QuoteLine {
  readonly productId: string;
  readonly sellerId: string;
  readonly sku: string;
  readonly name: string;
  readonly quantity: number;
  /** Net, before discounts. */
  readonly unitPrice: Money;
  /** Of the whole line: its promotion and its share of the voucher. 0 to unit price * quantity. */
  readonly discount: Money;
  readonly tax: Money;
  readonly taxBasisPoints: number;
  /** unit price * quantity - discount + tax */
  readonly total: Money;
  readonly promotionId: string | undefined;
}

/** total = subtotal - discount + tax, each the sum over the lines. */
export interface QuoteTotals {
  readonly subtotal: Money;
  readonly discount: Money;
  readonly tax: Money;
  readonly total: Money;
}

/** Binding prices for some lines, until it expires. */
export interface Quote {
  readonly id: string;
  readonly customerId: string | undefined;
  readonly currency: string;
  readonly country: string;
  readonly lines: readonly QuoteLine[];
  readonly totals: QuoteTotals;
  readonly voucherCode: string;
  readonly expiresAt: Date;
  readonly createdAt: Date;
}

/** One wanted line with all that decides what it costs. */
export interface PriceableLine {
  readonly product: Product;
  readonly quantity: number;
  readonly unitPrice: Money;
  readonly taxBasisPoints: number;
}

/** Minor units; what `tandem.common.v1.Money` carries at most. */
const MAX_TOTAL = 1_000_000_000_000_000n;

/**
 * What the lines cost after promotions, before voucher and tax: what a voucher is judged by. Promotions reduce the piece,
 * so that two pieces cost twice what the shop shows for one.
 */
export const promoteLines = (
  lines: readonly PriceableLine[],
  promotions: readonly PromotionTerms[],
  now: Date,
): readonly PromotedLine[] => {
  const pieces = lines.map(({ product: { productId, sellerId }, quantity, unitPrice: price }) => ({
    productId,
    sellerId,
    price,
    quantity,
  }));
  return lines.flatMap((line, at) => {
    const piece = pieces[at];
    if (!piece) return [];
    const { quantity } = line;
    const { reduction, price, promotionId } = promote(promotions, piece, now, pieces);
    return { ...line, promotionId, discount: multiplyMoney(reduction, quantity), net: multiplyMoney(price, quantity) };
  });
};

export interface PromotedLine extends PriceableLine {
  readonly promotionId: string | undefined;
  /** Of the whole line, by the promotion. */
  readonly discount: Money;
  /** unit price * quantity - discount */
  readonly net: Money;
}

export const netOf = (currency: string, lines: readonly PromotedLine[]): Money =>
  sumMoney(
    currency,
    lines.map(({ net }) => net),
  );

/**
 * Shares the voucher's reduction among the lines by what they cost, to the cent, and taxes what is left, per line and rounded
 * half to even. No line gets below zero.
 * @param reduction 0 to the sum of the lines' net
 * @throws AppError `money.overflow` for a total that no contract carries
 */
export const totalLines = (
  currency: string,
  promoted: readonly PromotedLine[],
  reduction: Money,
): Pick<Quote, "lines" | "totals"> => {
  const shares =
    reduction.minor === 0n
      ? promoted.map(() => zeroMoney(currency))
      : allocateMoney(
          reduction,
          promoted.map(({ net }) => net.minor),
        );
  const lines = promoted.map((line, at): QuoteLine => {
    const net = subtractMoney(line.net, shares[at] ?? zeroMoney(currency));
    const tax = percentOf(net, line.taxBasisPoints);
    return {
      productId: line.product.productId,
      sellerId: line.product.sellerId,
      sku: line.product.sku,
      name: line.product.name,
      quantity: line.quantity,
      unitPrice: line.unitPrice,
      discount: addMoney(line.discount, shares[at] ?? zeroMoney(currency)),
      tax,
      taxBasisPoints: line.taxBasisPoints,
      total: addMoney(net, tax),
      promotionId: line.promotionId,
    };
  });
  const sum = (amountOf: (line: QuoteLine) => Money) => sumMoney(currency, lines.map(amountOf));
  const totals = {
    subtotal: sum(({ unitPrice, quantity }) => multiplyMoney(unitPrice, quantity)),
    discount: sum(({ discount }) => discount),
    tax: sum(({ tax }) => tax),
    total: sum(({ total }) => total),
  };
  if (totals.total.minor > MAX_TOTAL || totals.subtotal.minor > MAX_TOTAL) {
    throw new AppError("invalid_argument", "money.overflow", "The order is too large.");
  }
  return { lines, totals };
};
