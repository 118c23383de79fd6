import { newId } from "@tandem/kernel";
import { type Database, migrate } from "@tandem/postgres";
import { createTestDatabase, type TestDatabase } from "@tandem/testkit";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { ListingCriteria, ListingSort } from "../src/biz/ports.ts";
import { pageStatement, writeCursor } from "../src/data/listing-page.ts";
import { makeListingReader } from "../src/data/listing-reader.ts";
import { migrations } from "../src/migrate.ts";
import { listingDrift } from "./listing-drift.ts";

const PRODUCTS = 20_000;
const SORTS: readonly ListingSort[] = ["NAME", "PRICE_ASCENDING", "PRICE_DESCENDING", "NEWEST"];
const id = (kind: number, n: number) => `00000000-0000-7000-8000-${String(kind * 10 ** 9 + n).padStart(12, "0")}`;
const [TOP, LEAF, TINY] = [id(1, 0), id(1, 1), id(1, 9)];

/** Twenty sellers, one of them suspended; eight categories below one, and one with three products; a tenth out of stock; few prices in USD. */
const FILL = `
  insert into seller select ('00000000-0000-7000-8000-' || lpad((2 * 10 ^ 9 + i)::bigint::text, 12, '0'))::uuid, 'S' || i, 's' || i,
    case i when 0 then 'SUSPENDED' else 'ACTIVE' end, now(), now(), 1 from generate_series(0, 19) i;
  insert into category values ('${TOP}', null, 'Top', 'top', array['${TOP}']::uuid[], 1), ('${TINY}', null, 'Tiny', 'tiny', array['${TINY}']::uuid[], 1);
  insert into category select c, '${TOP}', 'C' || i, 'c' || i, array['${TOP}', c]::uuid[], 1
    from generate_series(1, 8) i, lateral (select ('00000000-0000-7000-8000-' || lpad((10 ^ 9 + i)::bigint::text, 12, '0'))::uuid) as l (c);
  insert into product select ('00000000-0000-7000-8000-' || lpad(i::text, 12, '0'))::uuid,
    ('00000000-0000-7000-8000-' || lpad((2 * 10 ^ 9 + i * 7 % 20)::bigint::text, 12, '0'))::uuid, 'SKU' || i, 'Mug ' || i * 7919 % ${PRODUCTS}, '',
    case when i <= 3 then '${TINY}' else ('00000000-0000-7000-8000-' || lpad((10 ^ 9 + 1 + i % 8)::bigint::text, 12, '0'))::uuid end,
    '{}', '[]', 'standard', case when i % 20 = 11 then 'ARCHIVED' else 'ACTIVE' end, now(), now(), 1 from generate_series(1, ${PRODUCTS}) i;
  insert into listing_price select id, 'EUR', row_number() over (order by sku), 1, 1 from product;
  insert into listing_price select id, 'USD', row_number() over (order by sku), 1, 1 from product order by sku limit 40;
  insert into listing_stock select id, case when right(sku, 1) = '3' then 0 else 5 end, 1, now() from product`;

const all: ListingCriteria = { currency: "EUR", inStockOnly: false, query: "", sort: "NAME" };
const FILTERS: Readonly<Record<string, Partial<ListingCriteria>>> = {
  "no filter": {},
  "what is in stock": { inStockOnly: true },
  "a category": { categoryId: LEAF },
  "a category with all below": { categoryId: TOP, inStockOnly: true },
  "a seller": { sellerId: id(2, 3) },
  "a seller in a category, in stock": { sellerId: id(2, 3), categoryId: TOP, inStockOnly: true },
  "few prices": { currency: "USD" },
};

interface PlanNode {
  readonly "Node Type": string;
  readonly "Relation Name"?: string;
  readonly "Shared Hit Blocks": number;
  readonly "Shared Read Blocks": number;
  readonly Plans?: readonly PlanNode[];
}
const flat = (node: PlanNode): readonly PlanNode[] => [node, ...(node.Plans ?? []).flatMap(flat)];

let test: TestDatabase;
let database: Database;
beforeAll(async () => {
  test = await createTestDatabase();
  const [{ name: set = "" } = {}] = migrations.slice(-1);
  await migrate({ url: test.url, sets: migrations, to: { set, version: 1 } });
  ({ database } = test);
  await database.query(FILL);
  await migrate({ url: test.url, sets: migrations });
}, 120_000);
afterAll(() => test[Symbol.asyncDispose]());

/** The plan that is kept for all callers, and what it reads for these values. */
const explain = (criteria: ListingCriteria, cursor?: string) =>
  database.transact(async ({ client }) => {
    const { text, values } = pageStatement(criteria, 25, { limit: 24, cursor });
    await client.query("set local plan_cache_mode = force_generic_plan");
    await client.query(`prepare page as ${text}`);
    const bound = values.map((value) => (typeof value === "number" ? value : `'${value}'`)).join(", ");
    const { rows } = await client.query(`explain (analyze, buffers, format json) execute page (${bound})`);
    await client.query("deallocate page");
    const plan: PlanNode = rows[0]?.["QUERY PLAN"][0].Plan;
    const nodes = flat(plan);
    return {
      sorts: nodes.filter((node) => node["Node Type"].includes("Sort")).length,
      scanned: nodes.filter((node) => node["Node Type"] === "Seq Scan").map((node) => node["Relation Name"]),
      buffers: plan["Shared Hit Blocks"] + plan["Shared Read Blocks"],
    };
  });

describe("a page of listings", () => {
  for (const sort of SORTS)
    for (const [what, filter] of Object.entries(FILTERS))
      it(`by ${sort}, of ${what}, walks an index in its order, the first page and the next`, async () => {
        const criteria = { ...all, ...filter, sort };
        const { nextCursor } = await makeListingReader(database).listByCriteria(criteria, { limit: 7 });
        for (const cursor of [undefined, nextCursor]) {
          const { sorts, scanned, buffers } = await explain(criteria, cursor);
          expect(sorts).toBe(0);
          expect(scanned.filter((table) => table !== "seller" && table !== "category")).toEqual([]);
          // 25 rows, and for each of them a product, a seller and a stock level; of all rows it would be thousands.
          expect(buffers).toBeLessThan(600);
        }
      });

  it.each(SORTS)("by %s costs a walk along the index at worst: three among all", async (sort) => {
    const { rows } = await database.query<{ pages: number }>(
      "select relpages as pages from pg_class where relname = 'listing_by_name'",
    );
    const { sorts, buffers } = await explain({ ...all, categoryId: TINY, sort });
    expect(sorts).toBe(0);
    expect(buffers).toBeLessThan(2 * (rows[0]?.pages ?? 0));
  });

  it.each(SORTS)("by %s with words that few names have looks at those few", async (sort) => {
    const { text, values } = pageStatement({ ...all, sort, query: "mug 1234" }, 25, { limit: 24 });
    const { rows } = await database.query(`explain (analyze, buffers, format json) ${text}`, [...values]);
    const plan: PlanNode = rows[0]?.["QUERY PLAN"][0].Plan;
    expect(plan["Shared Hit Blocks"] + plan["Shared Read Blocks"]).toBeLessThan(300);
  });

  it("is planned under a bounded number of names", () => {
    const names = new Set<string | undefined>();
    for (const sort of SORTS)
      for (const filter of Object.values(FILTERS))
        for (let limit = 1; limit <= 200; limit += 1)
          for (const cursor of [
            undefined,
            writeCursor({ ...all, ...filter, sort }, { name: "", amountMinor: "1", productId: newId() }),
          ])
            names.add(pageStatement({ ...all, ...filter, sort }, limit + 1, { limit, cursor }).name);
    expect(names).not.toContain(undefined);
    expect(names.size).toBeLessThanOrEqual(128);
    const named = (over: object, page: object) => pageStatement({ ...all, ...over }, 51, { limit: 50, ...page }).name;
    expect([named({ query: "red mug" }, {}), named({}, { offset: 10 })]).toEqual([undefined, undefined]);
  });

  it.each(SORTS)(
    "by %s follows the one before it without a gap or a repeat, whatever is left out on the way",
    async (sort) => {
      const reader = makeListingReader(database);
      const criteria = { ...all, sort, sellerId: id(2, 3), inStockOnly: true };
      const seen: string[] = [];
      for (let cursor: string | undefined; ; ) {
        const page = await reader.listByCriteria(criteria, { limit: 60, cursor });
        seen.push(...page.items.map(({ productId }) => productId));
        cursor = page.nextCursor;
        if (cursor === undefined) break;
      }
      const { items, total } = await reader.listByCriteria(criteria, { limit: 200, offset: 150 });
      expect(total).toBe(seen.length);
      expect(items.map(({ productId }) => productId)).toEqual(seen.slice(150, 350));
      expect(new Set(seen).size).toBe(seen.length);
    },
  );

  it("leaves out a suspended seller", async () => {
    const page = await makeListingReader(database).listByCriteria(
      { ...all, sellerId: id(2, 0) },
      { limit: 5, offset: 0 },
    );
    expect(page).toMatchObject({ items: [], total: 0 });
  });
});

it("what was there before the table is in it, and goes with it", async () => {
  expect(await listingDrift(database)).toEqual([]);
  const { rows } = await database.query("select count(*)::int as n from listing");
  expect(rows).toEqual([{ n: PRODUCTS - PRODUCTS / 20 + 38 }]);
});
