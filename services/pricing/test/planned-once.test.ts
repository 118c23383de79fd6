import { newId } from "@tandem/kernel";
import { createTestDatabase, type TestDatabase } from "@tandem/testkit";
import { afterAll, beforeAll, expect, it } from "vitest";
import { listProductPrices } from "../src/data/list-product-prices.ts";
import { makeQuoteBasisReader } from "../src/data/quote-basis-reader.ts";
import { migrations } from "../src/migrate.ts";

const SELLER = newId();
let test: TestDatabase;
beforeAll(async () => {
  test = await createTestDatabase({ sets: migrations });
  await test.database.query(`
    insert into product select gen_random_uuid(), '${SELLER}', 'S' || i, 'P' || i, 'standard', 'ACTIVE', 1 from generate_series(1, 2000) i;
    insert into price_list (id, name, currency, is_default, version, created_at) values (gen_random_uuid(), 'Default', 'EUR', true, 1, now());
    insert into product_price select product_id, 1 from product;
    insert into price select product_id, (select id from price_list), 'EUR', 1000, 1, now() from product;
    insert into tax_rate values ('DE', 'standard', 1900, 1);
    insert into promotion (id, name, basis_points, product_ids, seller_id, min_quantity, starts_at, ends_at, status, version, created_at)
      select gen_random_uuid(), 'P', 1000, '{}', gen_random_uuid(), 1, now() - interval '2 days', now() + i * interval '1 hour',
        case when i > 0 then 'ACTIVE' else 'ENDED' end, 1, now() from generate_series(-40, 400) i`);
  await test.database.query("analyze");
});
afterAll(() => test[Symbol.asyncDispose]());

/** How often a connection made a plan for just one call, of twenty; it tries that five times before it compares. */
const plansOfTwenty = (name: string, call: (client: never, productIds: readonly string[]) => Promise<unknown>) =>
  test.database.transact(async ({ client }) => {
    const { rows } = await client.query<{ id: string }>("select product_id as id from product limit 3");
    for (let n = 0; n < 20; n += 1)
      await call(
        client as never,
        rows.map(({ id }) => id),
      );
    const plans = await client.query("select custom_plans::int as n from pg_prepared_statements where name = $1", [
      name,
    ]);
    return plans.rows[0]?.n;
  });

it("reading what a quote is made of is planned once per connection, however few its products are", async () => {
  const clock = { now: () => new Date() };
  const country = { currency: "EUR", country: "DE", voucherCode: "", customerId: newId() };
  const plans = await plansOfTwenty("quote basis", (client, productIds) =>
    makeQuoteBasisReader(client, clock).getBasis({ productIds, ...country }),
  );
  expect(plans).toBe(5);
});

it("so is reading prices", async () => {
  const plans = await plansOfTwenty("product prices", (client, productIds) =>
    listProductPrices(client, productIds, new Date()),
  );
  expect(plans).toBe(5);
});
