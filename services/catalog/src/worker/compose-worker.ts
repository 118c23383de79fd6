import type { Platform, WorkerConfig, WorkerParts } from "@tandem/chassis";
import { makeFeedPrices, makeFeedStock } from "../biz/feed-listing.ts";
import { makeCatalogUnitOfWork } from "../data/unit-of-work.ts";
import { onPriceChanged } from "./event/on-price-changed.ts";
import { onStockChanged } from "./event/on-stock-changed.ts";

export const composeWorker = ({ database, outbox, clock }: Platform<WorkerConfig>): WorkerParts => {
  const deps = { uow: makeCatalogUnitOfWork(database, outbox) };
  return {
    consumers: [
      onPriceChanged({ feedPrices: makeFeedPrices(deps) }),
      onStockChanged({ feedStock: makeFeedStock(deps), clock }),
    ],
  };
};
