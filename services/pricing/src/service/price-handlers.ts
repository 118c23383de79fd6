import type { ServiceImpl } from "@connectrpc/connect";
import { mayActForSeller } from "@tandem/auth";
import type { PricingService } from "@tandem/contracts/pricing";
import { isAppError } from "@tandem/kernel";
import { callOf, readPage, summaryOf, toErrorInfo, writePage } from "@tandem/rpc";
import type { makeCreatePriceList } from "../biz/create-price-list.ts";
import type { PriceListReader, TaxRateReader, TaxRateStore } from "../biz/ports.ts";
import type { makeReadPrices } from "../biz/read-prices.ts";
import type { makeSetPrices } from "../biz/set-prices.ts";
import { wantedPriceFromProto } from "../events/from-proto.ts";
import { priceListToProto, priceToProto, taxRateToProto } from "../events/to-proto.ts";
import { priceNotFound } from "../model/errors.ts";

export interface PriceHandlersDeps {
  readonly priceLists: PriceListReader;
  readonly createPriceList: ReturnType<typeof makeCreatePriceList>;
  readonly setPrices: ReturnType<typeof makeSetPrices>;
  readonly readPrices: ReturnType<typeof makeReadPrices>;
  readonly taxRates: TaxRateReader & TaxRateStore;
}

type Handlers = Pick<
  ServiceImpl<typeof PricingService>,
  | "createPriceList"
  | "getPriceList"
  | "listPriceLists"
  | "setPrice"
  | "batchSetPrices"
  | "getPrice"
  | "batchGetPrices"
  | "setTaxRate"
  | "listTaxRates"
>;

/** What a shop shows when nobody says in which currency. */
const DEFAULT_CURRENCY = "EUR";

export const makePriceHandlers = (deps: PriceHandlersDeps): Handlers => {
  const { priceLists, setPrices, readPrices, taxRates } = deps;
  type Outcome = Awaited<ReturnType<typeof setPrices>>[number];
  const resultsOf = (productIds: readonly string[], outcomes: readonly Outcome[]) => {
    const results = outcomes.map((outcome, at) => ({
      productId: productIds[at] ?? "",
      outcome: isAppError(outcome)
        ? { case: "error" as const, value: toErrorInfo(outcome) }
        : { case: "price" as const, value: priceToProto(outcome) },
    }));
    return { results, summary: summaryOf(results.map(({ outcome }) => outcome)) };
  };

  return {
    createPriceList: async ({ name, currencyCode, isDefault, segment }, { signal }) => ({
      priceList: priceListToProto(
        await deps.createPriceList({ name, currency: currencyCode, isDefault, segment }, signal),
      ),
    }),

    getPriceList: async ({ priceListId }) => ({ priceList: priceListToProto(await priceLists.getById(priceListId)) }),

    listPriceLists: async ({ page }) => {
      const found = await priceLists.listAll(readPage(page));
      return { priceLists: found.items.map(priceListToProto), page: writePage(found) };
    },

    setPrice: async (request, context) => {
      const { principal } = callOf(context);
      const [outcome = priceNotFound(request.productId, "")] = await setPrices(
        {
          prices: [wantedPriceFromProto(request)],
          mayActForSeller: (sellerId) => mayActForSeller(principal, sellerId),
        },
        context.signal,
      );
      if (isAppError(outcome)) throw outcome;
      return { price: priceToProto(outcome) };
    },

    batchSetPrices: async ({ prices }, context) => {
      const { principal } = callOf(context);
      const outcomes = await setPrices(
        {
          prices: prices.map(wantedPriceFromProto),
          mayActForSeller: (sellerId) => mayActForSeller(principal, sellerId),
        },
        context.signal,
      );
      return resultsOf(
        prices.map(({ productId }) => productId),
        outcomes,
      );
    },

    getPrice: async ({ productId, currencyCode, priceListId }) => {
      const query = { currency: currencyCode || DEFAULT_CURRENCY, priceListId: priceListId || undefined };
      return { price: priceToProto(await readPrices.get(productId, query)) };
    },

    batchGetPrices: async ({ productIds, currencyCode }) =>
      resultsOf(productIds, await readPrices.list(productIds, { currency: currencyCode })),

    setTaxRate: async ({ countryCode, taxCategory, basisPoints }) => ({
      taxRate: taxRateToProto(await taxRates.upsert({ country: countryCode, category: taxCategory, basisPoints })),
    }),

    listTaxRates: async ({ countryCode, page }) => {
      const found = await taxRates.listByCountry(countryCode || undefined, readPage(page));
      return { taxRates: found.items.map(taxRateToProto), page: writePage(found) };
    },
  };
};
