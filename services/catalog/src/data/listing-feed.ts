import type { Database } from "@tandem/postgres";
import type { InboxRow, ListingFeed } from "../biz/ports.ts";

// Inbox and effect are one statement, which is a transaction by itself. An older version than the one that is there changes nothing.
const ONCE = `once as (insert into tandem.inbox (consumer, event_id) values ($1, $2) on conflict do nothing returning 1)`;

const FEED_PRICES = `
  with ${ONCE}, fed as (
    insert into listing_price as known (product_id, currency, amount_minor, regular_minor, version)
    select $3, price.currency, price.amount_minor, price.regular_minor, $4
    from once, unnest($5::bpchar[], $6::bigint[], $7::bigint[]) as price (currency, amount_minor, regular_minor)
    on conflict (product_id, currency) do update
    set amount_minor = excluded.amount_minor, regular_minor = excluded.regular_minor, version = excluded.version
    where known.version < excluded.version
  )
  select exists (select from once) as fresh`;

const FEED_STOCK = `
  with ${ONCE}, fed as (
    insert into listing_stock as known (product_id, available, version, updated_at)
    select $3, $5, $4, $6 from once
    on conflict (product_id) do update
    set available = excluded.available, version = excluded.version, updated_at = excluded.updated_at
    where known.version < excluded.version
  )
  select exists (select from once) as fresh`;

/** Writes that only count when they are newer: events come in any order. */
export const makeListingFeed = (database: Pick<Database, "query">): ListingFeed => {
  const feed = async (name: string, text: string, inbox: InboxRow, values: unknown[], signal?: AbortSignal) => {
    const { rows } = await database.query<{ fresh: boolean }>(
      { name, text, values: [inbox.consumer, inbox.eventId, ...values] },
      undefined,
      signal,
    );
    inbox.written(rows[0]?.fresh === true);
  };
  return {
    updatePrices: ({ productId, prices, version }, inbox, signal) => {
      const column = (of: (price: (typeof prices)[number]) => unknown) => prices.map(of);
      const columns = [
        column(({ currency }) => currency),
        column(({ amountMinor }) => amountMinor),
        column(({ regularMinor }) => regularMinor),
      ];
      return feed("listing prices", FEED_PRICES, inbox, [productId, version, ...columns], signal);
    },
    updateStock: ({ productId, available, version, at }, inbox, signal) =>
      feed("listing stock", FEED_STOCK, inbox, [productId, version, available, at], signal),
  };
};
