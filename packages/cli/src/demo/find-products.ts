import { amountOf } from "../amount-of.ts";
import { CURRENCY, demoBasket } from "../world.ts";
import type { DoorClients } from "./open-door.ts";
import { patiently } from "./patiently.ts";

export interface FoundProduct {
  readonly productId: string;
  readonly sku: string;
  readonly quantity: number;
  readonly query: string;
  readonly title: string;
  /** ` at 14.90 EUR`, or nothing. */
  readonly price: string;
}

/** Searches for what the demonstration's customer wants, in their words, spelling mistakes included. */
export const findProducts = ({ search }: DoorClients, patienceMs?: number): Promise<readonly FoundProduct[]> =>
  Promise.all(
    demoBasket.map(({ query, sku, quantity }) =>
      // The index hears of the shop by its events.
      patiently(
        `a product for "${query}"`,
        async () => {
          const { hits } = await search.search({ q: query, currencyCode: CURRENCY, inStockOnly: true });
          const document = hits.map((hit) => hit.document).find((one) => one?.sku === sku);
          if (!document) return undefined;
          const price = document.price ? ` at ${amountOf(document.price.amountMinor)}` : "";
          return { productId: document.documentId, sku, quantity, query, title: document.title, price };
        },
        patienceMs,
      ),
    ),
  );
