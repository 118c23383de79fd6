import type { ApiParts, Platform } from "@tandem/chassis";
import { PricingService } from "@tandem/contracts/pricing";
import { newId } from "@tandem/kernel";
import { registerService } from "@tandem/rpc";
import type { z } from "zod";
import { makeAnnouncePrices } from "../biz/announce-prices.ts";
import { makeCreatePriceList } from "../biz/create-price-list.ts";
import { makeCreatePromotion } from "../biz/create-promotion.ts";
import { makeCreateQuote } from "../biz/create-quote.ts";
import { makeCreateVoucher } from "../biz/create-voucher.ts";
import { makeDeactivatePromotion } from "../biz/deactivate-promotion.ts";
import { makeReadPrices } from "../biz/read-prices.ts";
import { makeSetPrices } from "../biz/set-prices.ts";
import { makeValidateVoucher } from "../biz/validate-voucher.ts";
import type { pricingApiConfig } from "../config/config.ts";
import { makeCachedPriceSource } from "../data/cached-price-source.ts";
import { followPriceNews } from "../data/follow-price-news.ts";
import { makePriceListReader } from "../data/price-list-reader.ts";
import { makePriceNews } from "../data/price-news.ts";
import { makePromotionReader } from "../data/promotion-reader.ts";
import { makeQuoteBasisReader } from "../data/quote-basis-reader.ts";
import { makeQuoteOffers, makeQuoteStore } from "../data/quote-store.ts";
import { makeTaxRateStore } from "../data/tax-rate-store.ts";
import { makePricingUnitOfWork } from "../data/unit-of-work.ts";
import { makeVoucherReader } from "../data/voucher-reader.ts";
import { makePriceHandlers } from "../service/price-handlers.ts";
import { makePromotionHandlers } from "../service/promotion-handlers.ts";
import { makeQuoteHandlers } from "../service/quote-handlers.ts";

export const composeApi = ({
  database,
  outbox,
  clock,
  config,
  metrics,
  log,
}: Platform<z.output<typeof pricingApiConfig>>): ApiParts => {
  const cacheEvents = metrics.counter<"event">({
    name: "tandem_pricing_cache_events_total",
    help: "Reads of the price cache by what became of them: hit, miss, shared, empty_hit, load_failed",
    labels: ["event"],
  });
  const cache = makeCachedPriceSource({
    database,
    clock,
    ttlMs: config.PRICE_CACHE_TTL_MS,
    onEvent: (event) => cacheEvents.inc({ event }),
  });
  const origin = newId();
  const news = makePriceNews(database, origin);
  const source = {
    ...cache,
    forget(productIds?: readonly string[]) {
      cache.forget(productIds);
      news.tell(productIds);
    },
  };
  const deps = { uow: makePricingUnitOfWork(database, outbox, clock), source, clock, newId };
  const priceLists = makePriceListReader(database.orm);
  const quotes = {
    ...makeQuoteStore(database.orm, database),
    ...makeQuoteOffers(database),
    ...makeQuoteBasisReader(database, clock),
  };
  const vouchers = makeVoucherReader(database);
  const handlers = {
    ...makePriceHandlers({
      priceLists,
      createPriceList: makeCreatePriceList(deps),
      setPrices: makeSetPrices(deps),
      readPrices: makeReadPrices({ source, priceLists, clock }),
      taxRates: makeTaxRateStore(database.orm),
    }),
    ...makePromotionHandlers({
      promotions: makePromotionReader(database.orm),
      createPromotion: makeCreatePromotion(deps),
      deactivatePromotion: makeDeactivatePromotion(deps),
      announcePrices: makeAnnouncePrices(deps),
      clock,
      log,
    }),
    ...makeQuoteHandlers({
      quotes,
      vouchers,
      createQuote: makeCreateQuote({
        ...deps,
        quotes,
        quoteTtlMs: config.QUOTE_TTL_MS,
        voucherGraceMs: config.VOUCHER_GRACE_MS,
      }),
      createVoucher: makeCreateVoucher(deps),
      validateVoucher: makeValidateVoucher({ vouchers, clock }),
      clock,
    }),
  };
  return {
    services: [registerService(PricingService, handlers)],
    followers: [followPriceNews({ database, origin, forget: cache.forget, log })],
  };
};
