import { moneyFromProto } from "@tandem/contracts/common";
import { PriceChangedSchema } from "@tandem/contracts/pricing";
import { type Consumer, defineConsumer } from "@tandem/messaging";
import type { ListingFeed } from "../../biz/ports.ts";

/** Takes prices into the listing. Again or too late: an older version changes nothing. Too early, before the product: kept. */
export const onPriceChanged = (deps: { readonly feed: ListingFeed }): Consumer =>
  defineConsumer({
    name: "catalog.on-price-changed",
    event: PriceChangedSchema,
    handle: ({ productId, prices, aggregateVersion }, { signal, carryInbox }) =>
      deps.feed.updatePrices(
        {
          productId,
          version: aggregateVersion,
          prices: prices.map(({ amount, regularAmount }) => {
            const { currency, minor } = moneyFromProto(amount);
            return {
              currency,
              amountMinor: minor,
              regularMinor: regularAmount ? moneyFromProto(regularAmount).minor : minor,
            };
          }),
        },
        carryInbox(),
        signal,
      ),
  });
