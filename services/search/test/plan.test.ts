import { createTestDatabase, type TestDatabase } from "@tandem/testkit";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { fillEngine } from "../bench/fill-engine.ts";
import type { EngineQuery } from "../src/biz/ports.ts";
import { createPostgresEngine } from "../src/client/postgres/postgres-engine.ts";
import { hitsSql } from "../src/client/postgres/search-sql.ts";
import { toTsQuery } from "../src/client/postgres/tsquery.ts";
import { migrations } from "../src/migrate.ts";

let test: TestDatabase;
let index = "";
beforeAll(async () => {
  test = await createTestDatabase({ sets: migrations });
  index = await fillEngine(createPostgresEngine({ database: test.database }), 3_000);
  // What autovacuum does in time: the newest entries leave the GIN indexes' waiting lists.
  await test.database.query(`vacuum analyze "${index}"`);
});
afterAll(() => test.dispose());

const query = (more: Partial<EngineQuery>): EngineQuery => ({
  words: [],
  fuzzy: false,
  fuzzyStart: false,
  titleOnly: false,
  audience: ["public"],
  filters: {
    types: ["PRODUCT", "CONTENT"],
    categoryIds: [],
    sellerIds: [],
    currency: "EUR",
    inStockOnly: false,
    attributes: {},
  },
  sort: "NEWEST",
  facets: [],
  size: 21,
  offset: 0,
  withTotal: false,
  ...more,
});
const planOf = async (wanted: EngineQuery): Promise<string> => {
  const tsquery =
    wanted.words.length > 0
      ? toTsQuery(
          wanted.words.map((word) => [word]),
          false,
        )
      : undefined;
  const { text, values } = hitsSql(`"${index}"`, wanted, tsquery, tsquery);
  const { rows } = await test.database.query<{ "QUERY PLAN": string }>(`explain ${text}`, [...values]);
  return rows.map((row) => row["QUERY PLAN"]).join("\n");
};

describe("the plan", () => {
  it("of words finds them in the text index", async () => {
    expect(await planOf(query({ words: ["wireless", "oak", "sku", "77"], sort: "RELEVANCE" }))).toMatch(
      /Bitmap Index Scan on "?search-.*words_idx/,
    );
  });
  it("of everything by age, and of a page behind it, reads the index in order and sorts nothing", async () => {
    for (const after of [undefined, { value: "1700000600000", key: "PRODUCT:x" }]) {
      const plan = await planOf(query({ after }));
      expect(plan).toMatch(/Index Scan .*created_at/);
      expect(plan).not.toContain("Sort");
    }
  });
  it("of everything by price reads the index in order", async () => {
    const plan = await planOf(query({ sort: "PRICE_ASCENDING" }));
    expect(plan).toMatch(/Index Scan/);
    expect(plan).not.toContain("Sort");
  });
  it("of somebody's own orders goes by who may see it", async () => {
    const filters = { ...query({}).filters, types: ["ORDER"] as const };
    expect(await planOf(query({ audience: ["customer:x"], filters }))).toMatch(/audience_idx/);
  });
});
