import type { HandlerContext, ServiceImpl } from "@connectrpc/connect";
import { assertMayActFor, mayActFor } from "@tandem/auth";
import { moneyFromProto, moneyToProto } from "@tandem/contracts/common";
import type { PricingService } from "@tandem/contracts/pricing";
import type { Clock } from "@tandem/kernel";
import { callOf, toErrorInfo } from "@tandem/rpc";
import type { makeCreateQuote } from "../biz/create-quote.ts";
import type { makeCreateVoucher } from "../biz/create-voucher.ts";
import type { QuoteReader, VoucherReader } from "../biz/ports.ts";
import type { makeValidateVoucher } from "../biz/validate-voucher.ts";
import { dateFromProto, discountFromProto } from "../events/from-proto.ts";
import { quoteToProto, voucherToProto } from "../events/to-proto.ts";
import { periodInvalid, quoteNotFound } from "../model/errors.ts";

export interface QuoteHandlersDeps {
  readonly quotes: Pick<QuoteReader, "getById">;
  readonly vouchers: VoucherReader;
  readonly createQuote: ReturnType<typeof makeCreateQuote>;
  readonly createVoucher: ReturnType<typeof makeCreateVoucher>;
  readonly validateVoucher: ReturnType<typeof makeValidateVoucher>;
  readonly clock: Clock;
}

type Handlers = Pick<
  ServiceImpl<typeof PricingService>,
  "createVoucher" | "getVoucher" | "validateVoucher" | "createQuote" | "getQuote"
>;

export const makeQuoteHandlers = (deps: QuoteHandlersDeps): Handlers => {
  const { clock } = deps;

  /** The customer named, if the caller may speak for him; the caller himself; or nobody. */
  const customerOf = (customerId: string, context: HandlerContext): string | undefined => {
    const { principal } = callOf(context);
    if (customerId) assertMayActFor(principal, customerId);
    return customerId || principal.customerId;
  };

  return {
    createVoucher: async (request, { signal }) => {
      const endsAt = dateFromProto(request.endsAt);
      if (!endsAt) throw periodInvalid();
      const voucher = await deps.createVoucher(
        {
          code: request.code,
          discount: discountFromProto(request.discount),
          minSubtotal: request.minSubtotal && moneyFromProto(request.minSubtotal),
          usageLimit: request.usageLimit || undefined,
          usageLimitPerCustomer: request.usageLimitPerCustomer || undefined,
          startsAt: dateFromProto(request.startsAt),
          endsAt,
        },
        signal,
      );
      return { voucher: voucherToProto(voucher, clock.now()) };
    },

    getVoucher: async ({ code }) => ({ voucher: voucherToProto(await deps.vouchers.getByCode(code), clock.now()) }),

    validateVoucher: async ({ code, subtotal }, context) => {
      const answer = await deps.validateVoucher({
        code,
        subtotal: moneyFromProto(subtotal),
        customerId: callOf(context).principal.customerId,
      });
      return answer.applicable
        ? { applicable: true, discount: moneyToProto(answer.reduction) }
        : { applicable: false, error: toErrorInfo(answer.error) };
    },

    createQuote: async (request, context) => {
      const quote = await deps.createQuote(
        {
          customerId: customerOf(request.customerId, context),
          currency: request.currencyCode,
          country: request.countryCode,
          lines: request.lines,
          voucherCode: request.voucherCode,
          checkoutKey: request.checkoutKey || undefined,
        },
        context.signal,
      );
      return { quote: quoteToProto(quote) };
    },

    getQuote: async ({ quoteId }, context) => {
      const quote = await deps.quotes.getById(quoteId);
      if (!mayActFor(callOf(context).principal, quote.customerId ?? "")) throw quoteNotFound(quoteId);
      return { quote: quoteToProto(quote) };
    },
  };
};
