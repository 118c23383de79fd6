import type { PricingService } from "@tandem/contracts/pricing";
import type { RpcClient } from "@tandem/rpc";
import type { Price, Prices } from "../biz/ports.ts";
import { toFailure } from "./to-failure.ts";

/** Pricing by RPC, as this service and for whoever asked for the task. */
export const makePricingClient = (client: RpcClient<typeof PricingService>): Prices => ({
  async list(productIds, currency, signal) {
    const { results } = await client.batchGetPrices(
      { productIds: [...productIds], currencyCode: currency },
      { signal },
    );
    return results.flatMap(({ productId, outcome }): Price[] => {
      const amount = outcome.case === "price" ? outcome.value.regularAmount : undefined;
      return amount ? [{ productId, currency: amount.currencyCode, minor: amount.amountMinor }] : [];
    });
  },

  async set(prices, signal) {
    const { results } = await client.batchSetPrices(
      {
        prices: prices.map(({ productId, currency, minor }) => ({
          productId,
          amount: { currencyCode: currency, amountMinor: minor },
        })),
      },
      { signal, timeoutMs: 20_000 },
    );
    return prices.map((_, at) => {
      const outcome = results[at]?.outcome;
      return outcome?.case === "price" ? undefined : toFailure(outcome?.value);
    });
  },
});
