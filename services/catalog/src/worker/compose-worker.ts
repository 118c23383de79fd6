import type { Platform, WorkerConfig, WorkerParts } from "@tandem/chassis";
import { makeListingFeed } from "../data/listing-feed.ts";
import { onPriceChanged } from "./event/on-price-changed.ts";
import { onStockChanged } from "./event/on-stock-changed.ts";

export const composeWorker = ({ database, clock }: Platform<WorkerConfig>): WorkerParts => {
  const feed = makeListingFeed(database);
  return { consumers: [onPriceChanged({ feed }), onStockChanged({ feed, clock })] };
};
