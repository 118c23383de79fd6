import { create, type MessageInitShape } from "@bufbuild/protobuf";
import { timestampFromDate } from "@bufbuild/protobuf/wkt";
import { moneyToProto } from "@tandem/contracts/common";
import {
  type DiscountSchema,
  PriceListSchema,
  PriceSchema,
  PromotionSchema,
  PromotionStatus as ProtoPromotionStatus,
  QuoteSchema,
  TaxRateSchema,
  VoucherSchema,
} from "@tandem/contracts/pricing";
import type { Discount } from "../model/discount.ts";
import type { CurrentPrice, PriceList } from "../model/price.ts";
import { type Promotion, statusAt } from "../model/promotion.ts";
import type { Quote } from "../model/quote.ts";
import type { TaxRate } from "../model/tax-rate.ts";
import { isActive, type Voucher } from "../model/voucher.ts";

export const priceListToProto = (list: PriceList) =>
  create(PriceListSchema, {
    priceListId: list.id,
    name: list.name,
    currencyCode: list.currency,
    isDefault: list.isDefault,
    segment: list.segment,
    version: list.version,
    createdAt: timestampFromDate(list.createdAt),
  });

export const priceToProto = (price: CurrentPrice) =>
  create(PriceSchema, {
    productId: price.productId,
    priceListId: price.priceListId,
    amount: moneyToProto(price.currentAmount),
    regularAmount: moneyToProto(price.amount),
    promotionId: price.promotionId ?? "",
    version: price.version,
    updatedAt: timestampFromDate(price.updatedAt),
  });

const discountToProto = (discount: Discount): MessageInitShape<typeof DiscountSchema> =>
  discount.kind === "PERCENT"
    ? { kind: { case: "basisPoints", value: discount.basisPoints } }
    : { kind: { case: "amount", value: moneyToProto(discount.amount) } };

export const promotionToProto = (promotion: Promotion, now: Date) =>
  create(PromotionSchema, {
    promotionId: promotion.id,
    name: promotion.name,
    discount: discountToProto(promotion.discount),
    productIds: [...promotion.productIds],
    sellerId: promotion.sellerId ?? "",
    minQuantity: promotion.minQuantity,
    startsAt: timestampFromDate(promotion.startsAt),
    endsAt: timestampFromDate(promotion.endsAt),
    status: ProtoPromotionStatus[statusAt(promotion, now)],
    version: promotion.version,
    createdAt: timestampFromDate(promotion.createdAt),
    ...(promotion.minSpend ? { minSpend: moneyToProto(promotion.minSpend) } : {}),
    tiers: promotion.tiers.map((tier) => ({
      threshold: tier.minSpend
        ? { case: "minSpend" as const, value: moneyToProto(tier.minSpend) }
        : { case: "minQuantity" as const, value: tier.minQuantity },
      discount: discountToProto(tier.discount),
    })),
  });

export const voucherToProto = (voucher: Voucher, now: Date) =>
  create(VoucherSchema, {
    voucherId: voucher.id,
    code: voucher.code,
    discount: discountToProto(voucher.discount),
    ...(voucher.minSubtotal ? { minSubtotal: moneyToProto(voucher.minSubtotal) } : {}),
    startsAt: timestampFromDate(voucher.startsAt),
    endsAt: timestampFromDate(voucher.endsAt),
    active: isActive(voucher, now),
    version: voucher.version,
    createdAt: timestampFromDate(voucher.createdAt),
    usageLimit: voucher.usageLimit ?? 0,
    usageLimitPerCustomer: voucher.usageLimitPerCustomer ?? 0,
  });

export const taxRateToProto = (rate: TaxRate) =>
  create(TaxRateSchema, {
    countryCode: rate.country,
    taxCategory: rate.category,
    basisPoints: rate.basisPoints,
    version: rate.version,
  });

export const quoteToProto = (quote: Quote) =>
  create(QuoteSchema, {
    quoteId: quote.id,
    customerId: quote.customerId ?? "",
    currencyCode: quote.currency,
    countryCode: quote.country,
    lines: quote.lines.map((line) => ({
      productId: line.productId,
      sellerId: line.sellerId,
      sku: line.sku,
      name: line.name,
      quantity: line.quantity,
      unitPrice: moneyToProto(line.unitPrice),
      discount: moneyToProto(line.discount),
      tax: moneyToProto(line.tax),
      taxRateBasisPoints: line.taxBasisPoints,
      total: moneyToProto(line.total),
      promotionId: line.promotionId ?? "",
    })),
    totals: {
      subtotal: moneyToProto(quote.totals.subtotal),
      discount: moneyToProto(quote.totals.discount),
      tax: moneyToProto(quote.totals.tax),
      total: moneyToProto(quote.totals.total),
    },
    voucherCode: quote.voucherCode,
    expiresAt: timestampFromDate(quote.expiresAt),
    createdAt: timestampFromDate(quote.createdAt),
  });
