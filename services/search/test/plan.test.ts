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
let pagesBeforeVacuum = 0;
beforeAll(async () => {
  test = await createTestDatabase({ sets: migrations });
  index = await fillEngine(createPostgresEngine({ database: test.database }), 3_000);
  pagesBeforeVacuum = await pagesOf(query({ words: ["wireless", "oak", "camera"], sort: "RELEVANCE" }));
  // What autovacuum does in time.
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
const statementOf = (wanted: EngineQuery) => {
  const tsquery =
    wanted.words.length > 0
      ? toTsQuery(
          wanted.words.map((word) => [word]),
          false,
        )
      : undefined;
  return hitsSql(`"${index}"`, wanted, tsquery, tsquery);
};
/** Read by the statement, from wherever. */
const pagesOf = async (wanted: EngineQuery): Promise<number> => {
  const { text, values } = statementOf(wanted);
  const { rows } = await test.database.query(`explain (analyze, buffers, format json) ${text}`, [...values]);
  const { Plan } = rows[0]?.["QUERY PLAN"][0] ?? {};
  return Plan["Shared Hit Blocks"] + Plan["Shared Read Blocks"];
};
const planOf = async (wanted: EngineQuery): Promise<string> => {
  const { text, values } = statementOf(wanted);
  const { rows } = await test.database.query<{ "QUERY PLAN": string }>(`explain ${text}`, [...values]);
  return rows.map((row) => row["QUERY PLAN"]).join("\n");
};

describe("an entry whose words and price stay", () => {
  it("finds room in its page, so that no index hears of it", async () => {
    const place = async () => {
      const { rows } = await test.database.query<{ key: string; page: string }>(
        `select key, split_part(ctid::text, ',', 1) as page from "${index}" order by created_at limit 1 offset 1500`,
      );
      return rows[0];
    };
    const before = await place();
    await test.database.query(`update "${index}" set version = version + 1, available = available + 1 where key = $1`, [
      before?.key,
    ]);
    expect(await place()).toEqual(before);
  });
});

describe("the plan", () => {
  it("of words finds them in the text index", async () => {
    expect(await planOf(query({ words: ["wireless", "oak", "sku", "77"], sort: "RELEVANCE" }))).toMatch(
      /Bitmap Index Scan on "?search-.*words_idx/,
    );
  });
  it("of words reads as few pages right after a thousand entries were written as after a vacuum", async () => {
    const after = await pagesOf(query({ words: ["wireless", "oak", "camera"], sort: "RELEVANCE" }));
    expect(pagesBeforeVacuum).toBeLessThan(after + 20);
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
