import { timestampDate } from "@bufbuild/protobuf/wkt";
import { StockChangedSchema } from "@tandem/contracts/warehouse";
import type { Clock } from "@tandem/kernel";
import { type Consumer, defineConsumer } from "@tandem/messaging";
import type { ListingFeed } from "../../biz/ports.ts";

export interface OnStockChangedDeps {
  readonly feed: ListingFeed;
  readonly clock: Clock;
}

/** Takes availability into the listing. Again or too late: an older version changes nothing. Too early, before the product: kept. */
export const onStockChanged = ({ feed, clock }: OnStockChangedDeps): Consumer =>
  defineConsumer({
    name: "catalog.on-stock-changed",
    event: StockChangedSchema,
    handle: ({ productId, available, aggregateVersion, occurredAt }, { signal, carryInbox }) =>
      feed.updateStock(
        { productId, available, version: aggregateVersion, at: occurredAt ? timestampDate(occurredAt) : clock.now() },
        carryInbox(),
        signal,
      ),
  });
