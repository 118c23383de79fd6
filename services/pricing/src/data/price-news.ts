import { newId } from "@tandem/kernel";
import type { Database } from "@tandem/postgres";

/** What one process of pricing tells all others: these products cost something else now, or may be sold no more. */
export const PRICE_NEWS_CHANNEL = "pricing_prices";

const EVERY_MS = 25;
/** A notice holds 8 000 bytes, an id has 36. */
const MAX_NAMED = 200;
const ALL = "*";

export interface PriceNews {
  /** After a commit. Without ids: about everything. Nobody waits for it, and it never fails: caches grow old by themselves. */
  tell(productIds?: readonly string[]): void;
}

/**
 * Tells by NOTIFY, outside of any transaction (it takes a lock that all commits of the server would queue for): the first at
 * once, what comes within 25 ms of it together.
 * @param origin is left alone by {@link readPriceNews}: who tells has forgotten already
 */
export const makePriceNews = ({ pool }: Pick<Database, "pool">, origin: string = newId()): PriceNews => {
  let waiting: Set<string> | undefined;
  let running = false;
  const run = async (): Promise<void> => {
    const told = waiting ?? new Set();
    waiting = undefined;
    const names = told.has(ALL) || told.size > MAX_NAMED ? ALL : [...told].join(",");
    try {
      await pool.query({ ...NOTIFY, values: [PRICE_NEWS_CHANNEL, `${origin} ${names}`] });
    } catch {
      // The pool has told of its trouble. Others show the old price until it has grown old.
    }
    setTimeout(() => {
      if (waiting) void run();
      else running = false;
    }, EVERY_MS).unref();
  };
  return {
    tell(productIds = [ALL]) {
      if (productIds.length === 0) return;
      waiting ??= new Set();
      for (const productId of productIds) waiting.add(productId);
      if (running) return;
      running = true;
      void run();
    },
  };
};

const NOTIFY = {
  name: "price news",
  // A commit that only notifies need not wait for the disk.
  text: "select set_config('synchronous_commit', 'off', true), pg_notify($1, $2)",
};

/** Undefined: it is from `origin` itself. Else what to forget, without ids: everything. */
export const readPriceNews = (
  payload: string,
  origin: string,
): { readonly productIds?: readonly string[] } | undefined => {
  const [from, names = ALL] = payload.split(" ", 2);
  if (from === origin) return undefined;
  return names === ALL ? {} : { productIds: names.split(",") };
};
