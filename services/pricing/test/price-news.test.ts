import { newId } from "@tandem/kernel";
import { captureLog, createTestDatabase, manualClock, pollUntil } from "@tandem/testkit";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { makeCachedPriceSource } from "../src/data/cached-price-source.ts";
import { followPriceNews } from "../src/data/follow-price-news.ts";
import { makePriceNews } from "../src/data/price-news.ts";
import { migrations } from "../src/migrate.ts";

type Test = Awaited<ReturnType<typeof createTestDatabase>>;
let test: Test;
const stops: (() => Promise<void>)[] = [];
const told: (readonly string[] | "everything")[] = [];

beforeAll(async () => {
  test = await createTestDatabase({ sets: migrations });
});
afterEach(async () => {
  await Promise.all(stops.splice(0).map((stop) => stop()));
  told.length = 0;
});
afterAll(() => test.dispose());

/** Follows until the test ends, and is heard of once it listens. */
const follow = async (
  forget: (productIds?: readonly string[]) => void = (productIds) => void told.push(productIds ?? "everything"),
  origin = newId(),
): Promise<void> => {
  let listens = false;
  const follower = followPriceNews({
    database: test.database,
    origin,
    forget: (productIds) => {
      listens = true;
      forget(productIds);
    },
    log: captureLog().log,
    retryMs: 10,
  });
  follower.start();
  stops.push(() => follower.stop());
  await pollUntil(async () => listens);
};

describe("news of a price", () => {
  it("empty the caches of all other processes of that product, long before it has grown old", async () => {
    const clock = manualClock(new Date("2026-11-21T10:00:00Z"));
    let loads = 0;
    const cache = makeCachedPriceSource({
      database: {
        query: async (...args: Parameters<typeof test.database.query>) => {
          loads += 1;
          return test.database.query(...args);
        },
      } as typeof test.database,
      clock,
      ttlMs: 60_000,
    });
    await follow(cache.forget);
    const productId = newId();
    await test.database.query(
      `with l as (insert into price_list (id, name, currency, is_default, version, created_at)
         values ($2, 'EUR', 'EUR', true, 1, now()) returning id),
       p as (insert into product_price (product_id, version) values ($1, 1))
       insert into price (product_id, price_list_id, currency, amount_minor, version, updated_at)
       select $1, id, 'EUR', 100, 1, now() from l`,
      [productId, newId()],
    );
    const amount = async () => (await cache.listByProductIds([productId]))[0]?.prices[0]?.amount.minor;
    expect([await amount(), await amount(), loads]).toEqual([100n, 100n, 1]);
    await test.database.query("update price set amount_minor = 90 where product_id = $1", [productId]);
    expect(await amount()).toBe(100n);
    makePriceNews(test.database).tell([productId]);
    await pollUntil(async () => (await amount()) === 90n);
  });

  it("that come together are told together; too many names are everything", async () => {
    await follow();
    const [first, second, third] = [newId(), newId(), newId()];
    const news = makePriceNews(test.database);
    news.tell([first]);
    news.tell([second, third]);
    news.tell([third]);
    await pollUntil(async () => told.length === 3);
    expect(told).toEqual(["everything", [first], [second, third]]);
    news.tell(Array.from({ length: 201 }, () => newId()));
    await pollUntil(async () => told.length === 4);
    news.tell();
    await pollUntil(async () => told.length === 5);
    expect(told.slice(3)).toEqual(["everything", "everything"]);
  });

  it("of one's own are no news, and nothing is told about nothing", async () => {
    const origin = newId();
    await follow(undefined, origin);
    makePriceNews(test.database, origin).tell([newId()]);
    makePriceNews(test.database).tell([]);
    const last = newId();
    makePriceNews(test.database).tell([last]);
    await pollUntil(async () => told.length === 2);
    expect(told).toEqual(["everything", [last]]);
  });

  it("that were told while the connection was lost are not known: everything is forgotten, and it is heard again", async () => {
    await follow();
    await test.database.query(
      "select pg_terminate_backend(pid) from pg_stat_activity where query = 'listen pricing_prices' and datname = current_database()",
    );
    await pollUntil(async () => told.length === 2);
    const productId = newId();
    makePriceNews(test.database).tell([productId]);
    await pollUntil(async () => told.length === 3);
    expect(told).toEqual(["everything", "everything", [productId]]);
  });
});
