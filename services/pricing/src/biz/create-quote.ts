import { type Clock, type Money, money, zeroMoney } from "@tandem/kernel";
import {
  priceNotFound,
  productNotReady,
  productUnknown,
  taxRateMissing,
  voucherNotApplicable,
  voucherNotFound,
} from "../model/errors.ts";
import { netOf, type PriceableLine, promoteLines, type Quote, totalLines } from "../model/quote.ts";
import { isLimited, judgeUse, judgeVoucher, type Voucher } from "../model/voucher.ts";
import type { PricingUnitOfWork, QuoteBasisLine, QuoteReader, QuoteStore } from "./ports.ts";

export interface CreateQuoteDeps {
  readonly uow: PricingUnitOfWork;
  readonly quotes: QuoteReader & Pick<QuoteStore, "create">;
  readonly clock: Clock;
  readonly newId: () => string;
  /** How long a quote binds. */
  readonly quoteTtlMs: number;
  /** How much longer a checkout's quote holds its voucher: as late as `order.created` may come. */
  readonly voucherGraceMs: number;
}

export interface CreateQuoteInput {
  readonly customerId: string | undefined;
  readonly currency: string;
  readonly country: string;
  /** Each product once. */
  readonly lines: readonly { readonly productId: string; readonly quantity: number }[];
  /** Empty: none. */
  readonly voucherCode: string;
  /** Of the checkout that follows at once; undefined: a question. */
  readonly checkoutKey: string | undefined;
}

/**
 * Prices the lines and stores the quote: one statement that reads all of it, one that writes, however many lines. A voucher
 * with a limit costs a short transaction more: the quote holds one use of it. A customer who only asks is not in his own way, and
 * his checkout takes the place of his questions; two checkouts of his are two uses.
 * @throws AppError `pricing.product_unknown`, `pricing.product_not_ready` (retryable), `pricing.price_not_found`,
 *   `pricing.tax_rate_missing`, `pricing.voucher_not_found`, `pricing.voucher_not_applicable`, `money.overflow`
 */
export const makeCreateQuote =
  ({ uow, quotes, clock, newId, quoteTtlMs, voucherGraceMs }: CreateQuoteDeps) =>
  async (input: CreateQuoteInput, signal?: AbortSignal): Promise<Quote> => {
    const { currency, country, voucherCode, customerId, checkoutKey } = input;
    const productIds = input.lines.map(({ productId }) => productId);
    const basis = await quotes.getBasis({ productIds, currency, country, voucherCode, customerId }, signal);
    const now = clock.now();
    const found = new Map(basis.lines.map((line) => [line.productId, line]));
    const priceable = input.lines.map(({ productId, quantity }) =>
      priceableLine(found.get(productId), { productId, quantity, currency, country }),
    );
    const promoted = promoteLines(priceable, basis.promotions, now);
    const { voucher } = basis;
    if (voucherCode && !voucher) throw voucherNotFound(voucherCode);
    const reduction = voucher ? reductionBy(voucher, netOf(currency, promoted), now) : zeroMoney(currency);
    const quote: Quote = {
      id: newId(),
      customerId,
      currency,
      country,
      ...totalLines(currency, promoted, reduction),
      voucherCode,
      expiresAt: new Date(now.getTime() + quoteTtlMs),
      createdAt: now,
    };
    if (!voucher || !isLimited(voucher)) {
      await quotes.create(quote);
      return quote;
    }
    const heldUntil = new Date(quote.expiresAt.getTime() + (checkoutKey ? voucherGraceMs : 0));
    const use = { quoteId: quote.id, voucherId: voucher.id, customerId, heldUntil, checkoutKey };
    await uow.transact(async ({ vouchers, quotes: store }) => {
      await vouchers.lockById(voucher.id);
      await vouchers.endHolds(use, now);
      const refusal = judgeUse(voucher, customerId, await vouchers.countUses(voucher.id, customerId, now));
      if (refusal) throw voucherNotApplicable(voucherCode, refusal);
      await vouchers.hold(use);
      await store.create(quote);
    }, signal);
    return quote;
  };

const reductionBy = (voucher: Voucher, subtotal: Money, now: Date): Money => {
  const verdict = judgeVoucher(voucher, subtotal, now);
  if (!verdict.applicable) throw voucherNotApplicable(voucher.code, verdict.refusal);
  return verdict.reduction;
};

interface Wanted {
  readonly productId: string;
  readonly quantity: number;
  readonly currency: string;
  readonly country: string;
}

const priceableLine = (line: QuoteBasisLine | undefined, wanted: Wanted): PriceableLine => {
  const { productId, quantity, currency, country } = wanted;
  // Priced and unknown: its price overtook the news of its creation. Neither: nobody has heard of it.
  if (!line?.product) throw line?.priced ? productNotReady(productId) : productUnknown(productId);
  if (line.product.status !== "ACTIVE") throw productUnknown(productId);
  if (line.amountMinor === undefined) throw priceNotFound(productId, currency);
  if (line.taxBasisPoints === undefined) throw taxRateMissing(country);
  return {
    product: line.product,
    quantity,
    unitPrice: money(currency, line.amountMinor),
    taxBasisPoints: line.taxBasisPoints,
  };
};
