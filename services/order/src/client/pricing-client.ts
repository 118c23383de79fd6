import { timestampDate } from "@bufbuild/protobuf/wkt";
import { moneyFromProto } from "@tandem/contracts/common";
import type { PricingService } from "@tandem/contracts/pricing";
import { AppError } from "@tandem/kernel";
import type { RpcClient } from "@tandem/rpc";
import type { Pricing } from "../biz/ports.ts";

/** Pricing by RPC. Its refusals (no price, bad voucher) come through as they are; its absence becomes `order.quote_unavailable`. */
export const makePricingClient = (client: RpcClient<typeof PricingService>, newId: () => string): Pricing => ({
  async createQuote(request, signal) {
    const { quote } = await client
      .createQuote(
        {
          customerId: request.customerId,
          currencyCode: request.currency,
          countryCode: request.countryCode,
          lines: request.items.map(({ productId, quantity }) => ({ productId, quantity })),
          voucherCode: request.voucherCode,
          checkoutKey: request.checkoutKey,
        },
        signal ? { signal } : {},
      )
      .catch((error: unknown) => {
        if (error instanceof AppError && (error.kind === "unavailable" || error.kind === "internal")) {
          throw new AppError("unavailable", "order.quote_unavailable", "Prices cannot be had right now.", {
            cause: error,
          });
        }
        throw error;
      });
    if (!quote?.expiresAt)
      throw new AppError("internal", "order.quote_incomplete", "Pricing answered without a quote.");
    return {
      id: quote.quoteId,
      currency: quote.currencyCode,
      expiresAt: timestampDate(quote.expiresAt),
      lines: quote.lines.map((line) => ({
        lineId: newId(),
        productId: line.productId,
        sellerId: line.sellerId,
        sku: line.sku,
        name: line.name,
        quantity: line.quantity,
        unitPrice: moneyFromProto(line.unitPrice),
        discount: moneyFromProto(line.discount),
        tax: moneyFromProto(line.tax),
        taxRateBasisPoints: line.taxRateBasisPoints,
      })),
    };
  },
});
