import { timestampDate } from "@bufbuild/protobuf/wkt";
import { StockChangedSchema } from "@tandem/contracts/warehouse";
import type { Clock } from "@tandem/kernel";
import { type Consumer, defineConsumer } from "@tandem/messaging";
import type { makeFeedStock } from "../../biz/feed-listing.ts";

export interface OnStockChangedDeps {
  readonly feedStock: ReturnType<typeof makeFeedStock>;
  readonly clock: Clock;
}

/** Takes availability into the listing. Again or too late: an older version changes nothing. Too early, before the product: kept. */
export const onStockChanged = ({ feedStock, clock }: OnStockChangedDeps): Consumer =>
  defineConsumer({
    name: "catalog.on-stock-changed",
    event: StockChangedSchema,
    handle: ({ productId, available, aggregateVersion, occurredAt }, { signal }) =>
      feedStock(
        { productId, available, version: aggregateVersion, at: occurredAt ? timestampDate(occurredAt) : clock.now() },
        signal,
      ),
  });
