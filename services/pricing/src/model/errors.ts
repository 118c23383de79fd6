import { AppError } from "@tandem/kernel";
import type { VoucherRefusal } from "./voucher.ts";

export const priceNotFound = (productId: string, currency: string) =>
  new AppError("not_found", "pricing.price_not_found", `Product ${productId} has no price in ${currency}.`, {
    details: [{ field: "productId", rule: "priced", message: `no price in ${currency}` }],
  });

export const priceListNotFound = (priceListId: string) =>
  new AppError("not_found", "pricing.price_list_not_found", `There is no price list ${priceListId}.`, {
    details: [{ field: "priceListId", rule: "exists", message: "unknown price list" }],
  });

/** Also for products of other sellers: their ids look like unknown ones. */
export const productUnknown = (productId: string) =>
  new AppError("not_found", "pricing.product_unknown", `There is no product ${productId} for sale.`, {
    details: [{ field: "productId", rule: "exists", message: "unknown product" }],
  });

/** Its price is known and its creation is still under way: worth another try in a moment. */
export const productNotReady = (productId: string) =>
  new AppError("unavailable", "pricing.product_not_ready", `Product ${productId} was created a moment ago.`, {
    details: [{ field: "productId", rule: "ready", message: "not known here yet, try again" }],
  });

export const currencyMismatch = (currency: string, expected: string) =>
  new AppError("invalid_argument", "pricing.currency_mismatch", `The price list is in ${expected}, not ${currency}.`, {
    details: [{ field: "amount.currencyCode", rule: "currency", message: `expected ${expected}` }],
  });

export const currencyUnknown = (currency: string) =>
  new AppError("invalid_argument", "pricing.currency_unknown", `${currency} is not a currency.`, {
    details: [{ field: "currencyCode", rule: "iso_4217", message: "not a currency" }],
  });

export const defaultPriceListExists = (currency: string) =>
  new AppError(
    "already_exists",
    "pricing.default_price_list_exists",
    `There is a default price list in ${currency} already.`,
  );

export const segmentPriceListExists = (currency: string, segment: string) =>
  new AppError(
    "already_exists",
    "pricing.segment_price_list_exists",
    `There is a price list in ${currency} for ${segment} customers already.`,
  );

export const promotionNotFound = (promotionId: string) =>
  new AppError("not_found", "pricing.promotion_not_found", `There is no promotion ${promotionId}.`);

export const promotionEnded = (promotionId: string) =>
  new AppError("failed_precondition", "pricing.promotion_ended", `Promotion ${promotionId} has ended.`);

export const periodInvalid = () =>
  new AppError("invalid_argument", "pricing.period_invalid", "It would end before it starts.", {
    details: [{ field: "endsAt", rule: "after_start", message: "must be later than the start" }],
  });

export const tiersInvalid = (at: number, what: "threshold" | "discount") =>
  new AppError(
    "invalid_argument",
    "pricing.tiers_invalid",
    `Tier ${at + 1} has no higher ${what} than what is before it.`,
    {
      details: [{ field: `tiers[${at}].${what}`, rule: "rising", message: "of the same kind, and more than before" }],
    },
  );

export const voucherNotFound = (code: string) =>
  new AppError("not_found", "pricing.voucher_not_found", `There is no voucher ${code}.`);

export const voucherCodeTaken = (code: string) =>
  new AppError("already_exists", "pricing.voucher_code_taken", `There is a voucher ${code} already.`);

const refusals: Readonly<Record<VoucherRefusal, string>> = {
  not_now: "not valid at this time",
  other_currency: "made for another currency",
  subtotal_too_small: "the order is too small for it",
  used_up: "used as often as it may be",
  needs_customer: "for customers only",
};

export const voucherNotApplicable = (code: string, refusal: VoucherRefusal) =>
  new AppError("failed_precondition", "pricing.voucher_not_applicable", `Voucher ${code}: ${refusals[refusal]}.`, {
    details: [{ field: "voucherCode", rule: refusal, message: refusals[refusal] }],
  });

export const taxRateMissing = (country: string) =>
  new AppError("failed_precondition", "pricing.tax_rate_missing", `There is no tax rate for ${country}.`, {
    details: [{ field: "countryCode", rule: "taxed", message: "no tax rate for this country" }],
  });

export const quoteNotFound = (quoteId: string) =>
  new AppError("not_found", "pricing.quote_not_found", `There is no quote ${quoteId}.`);
