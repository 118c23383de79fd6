import { newId } from "@tandem/kernel";
import { createTestDatabase, pollUntil, type TestDatabase } from "@tandem/testkit";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { migrations } from "../src/migrate.ts";
import { listingDrift } from "./listing-drift.ts";

let test: TestDatabase;
const seller = newId();
let product: string;
const sql = (text: string, values: unknown[] = []) => test.database.query(text, values);
const listed = async () =>
  (await sql("select name, amount_minor::int as amount, in_stock from listing where product_id = $1", [product])).rows;

beforeAll(async () => {
  test = await createTestDatabase({ sets: migrations });
  await sql("insert into seller values ($1, 'S', 's', 'ACTIVE', now(), now(), 1)", [seller]);
});
afterAll(() => test[Symbol.asyncDispose]());
beforeEach(() => {
  product = newId();
});

type Write = readonly [text: string, values: readonly unknown[]];
const add = (status = "ACTIVE"): Write => [
  "insert into product values ($1, $2, $3, 'Mug', '', null, '{}', '[]', 'standard', $4, now(), now(), 1)",
  [product, seller, product, status],
];
const price = (amount: number): Write => [
  `insert into listing_price values ($1, 'EUR', $2, $2, 1)
   on conflict (product_id, currency) do update set amount_minor = $2, regular_minor = $2`,
  [product, amount],
];
const stock = (available: number): Write => [
  "insert into listing_stock values ($1, $2, 1, now()) on conflict (product_id) do update set available = $2",
  [product, available],
];
const status = (to: string): Write => ["update product set status = $2 where id = $1", [product, to]];
const rename = (to: string): Write => ["update product set name = $2 where id = $1", [product, to]];
const write = ([text, values]: Write) => sql(text, [...values]);

describe("the listing", () => {
  it("follows product, price and stock, in whatever order they come", async () => {
    for (const step of [stock(3), price(900), add("DRAFT")]) await write(step);
    expect(await listed()).toEqual([]);
    await write(status("ACTIVE"));
    expect(await listed()).toEqual([{ name: "Mug", amount: 900, in_stock: true }]);
    for (const step of [stock(0), price(800), rename("Cup")]) await write(step);
    expect(await listed()).toEqual([{ name: "Cup", amount: 800, in_stock: false }]);
    await write(status("ARCHIVED"));
    expect(await listed()).toEqual([]);
  });

  it("is left alone by a stock level that stays above nothing", async () => {
    for (const step of [add(), price(900), stock(3)]) await write(step);
    const version = async () => (await sql("select xmin::text from listing where product_id = $1", [product])).rows;
    const before = await version();
    await write(stock(2));
    expect(await version()).toEqual(before);
  });

  const WAITING = "select from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'";
  const races: readonly (readonly [string, () => readonly Write[], () => Write, () => Write])[] = [
    ["a price and a new name", () => [add()], () => rename("Cup"), () => price(900)],
    ["a new name and a price", () => [add()], () => price(900), () => rename("Cup")],
    ["the first price and an empty shelf", () => [add(), stock(3)], () => price(900), () => stock(0)],
    ["an empty shelf and the first price", () => [add(), stock(3)], () => stock(0), () => price(900)],
    ["the end of a product and its first price", () => [add()], () => status("ARCHIVED"), () => price(900)],
  ];
  it.each(races)("sees both of %s, when neither saw the other", async (_, given, first, second) => {
    for (const step of given()) await write(step);
    let after: Promise<unknown> | undefined;
    await test.database.transact(async ({ client }) => {
      const [text, values] = first();
      await client.query(text, [...values]);
      // On a connection of its own, while the first has not committed.
      after = write(second());
      await pollUntil(async () => (await sql(WAITING)).rowCount === 1, { message: "the second to wait" });
    });
    await after;
    expect(await listingDrift(test.database)).toEqual([]);
  });
});
