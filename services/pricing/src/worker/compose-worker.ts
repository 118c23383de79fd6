import type { Platform, WorkerParts } from "@tandem/chassis";
import type { z } from "zod";
import { makeAdvancePromotions } from "../biz/advance-promotions.ts";
import { makeAnnouncePrices } from "../biz/announce-prices.ts";
import { makeFollowSegment } from "../biz/follow-segment.ts";
import { makePurgeQuotes } from "../biz/purge-quotes.ts";
import { makeSettleVoucherUse } from "../biz/settle-voucher-use.ts";
import { makeTrackProduct } from "../biz/track-product.ts";
import type { pricingWorkerConfig } from "../config/config.ts";
import { makePriceNews } from "../data/price-news.ts";
import { makeQuoteStore } from "../data/quote-store.ts";
import { makePricingUnitOfWork } from "../data/unit-of-work.ts";
import { promotionActivation } from "./cron/promotion-activation.ts";
import { quoteCleanup } from "./cron/quote-cleanup.ts";
import { onCustomerUpdated } from "./event/on-customer-updated.ts";
import { onOrderCancelled } from "./event/on-order-cancelled.ts";
import { onOrderCreated } from "./event/on-order-created.ts";
import { onProductCreated } from "./event/on-product-created.ts";
import { onProductDeleted } from "./event/on-product-deleted.ts";
import { onProductUpdated } from "./event/on-product-updated.ts";

export const composeWorker = ({
  database,
  outbox,
  clock,
  config,
  metrics,
}: Platform<z.output<typeof pricingWorkerConfig>>): WorkerParts => {
  const overuses = metrics.counter({
    name: "tandem_pricing_voucher_overuses_total",
    help: "Orders that used a voucher beyond its limit: their news came later than the voucher was held for them",
  });
  const deps = { uow: makePricingUnitOfWork(database, outbox, clock), clock };
  const news = makePriceNews(database);
  const trackProduct = makeTrackProduct({ ...deps, source: { forget: (productIds) => news.tell(productIds) } });
  const settleVoucherUse = makeSettleVoucherUse({ ...deps, onOveruse: () => overuses.inc() });
  return {
    consumers: [
      onProductCreated({ trackProduct }),
      onProductUpdated({ trackProduct }),
      onProductDeleted({ trackProduct }),
      onOrderCreated({ settleVoucherUse }),
      onOrderCancelled({ settleVoucherUse }),
      onCustomerUpdated({ followSegment: makeFollowSegment(deps) }),
    ],
    jobs: [
      promotionActivation({
        advancePromotions: makeAdvancePromotions(deps),
        announcePrices: makeAnnouncePrices(deps),
      }),
      quoteCleanup({
        purgeQuotes: makePurgeQuotes({
          quotes: makeQuoteStore(database.orm, database),
          clock,
          keepMs: config.QUOTE_KEEP_MS,
        }),
      }),
    ],
  };
};
