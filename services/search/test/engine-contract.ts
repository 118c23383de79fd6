import { newId } from "@tandem/kernel";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { EngineQuery, EngineWrite, SearchEngine } from "../src/biz/ports.ts";
import { type BaseContent, type DocumentType, emptyBase, type Part } from "../src/model/document.ts";
import { bareSource, entriesOf, STAFF } from "../src/model/index-entry.ts";
import { wordsOf } from "../src/model/words.ts";

export interface EngineUnderTest extends AsyncDisposable {
  readonly engine: SearchEngine;
}

interface Facts extends Partial<BaseContent> {
  readonly id?: string;
  readonly type?: DocumentType;
  readonly version?: bigint;
  readonly cents?: number;
  readonly available?: number;
}

const writesFor = ({
  id = newId(),
  type = "PRODUCT",
  version = 1n,
  cents,
  available,
  ...base
}: Facts): EngineWrite[] => {
  const parts: Part[] = [
    { part: "BASE", version: 1n, deleted: false, content: { ...emptyBase, title: "Thing", ...base } },
  ];
  if (cents !== undefined) {
    const price = { amount: `${cents}`, regular: `${cents}` };
    parts.push({ part: "PRICE", version: 1n, deleted: false, content: { prices: { EUR: price } } });
  }
  if (available !== undefined) parts.push({ part: "STOCK", version: 1n, deleted: false, content: { available } });
  const entries = entriesOf({ type, id, version, viewKeys: [], updatedAt: new Date(0), parts });
  return entries.map((entry) => ({ key: entry.key, version, entry }));
};

const query = (
  q: string,
  more: Omit<Partial<EngineQuery>, "filters"> & { readonly filters?: Partial<EngineQuery["filters"]> } = {},
): EngineQuery => ({
  words: wordsOf(q),
  fuzzy: false,
  fuzzyStart: false,
  titleOnly: false,
  audience: ["public"],
  sort: q === "" ? "NEWEST" : "RELEVANCE",
  facets: [],
  size: 50,
  offset: 0,
  withTotal: false,
  ...more,
  filters: {
    types: [],
    categoryIds: [],
    sellerIds: [],
    currency: "EUR",
    inStockOnly: false,
    attributes: {},
    ...more.filters,
  },
});

/** What every engine has to do, whatever it is made of. */
export const describeEngine = (name: string, there: boolean, start: () => Promise<EngineUnderTest>): void => {
  describe.skipIf(!there)(name, () => {
    let under: EngineUnderTest;
    let engine: SearchEngine;
    let index = "";
    beforeAll(async () => {
      under = await start();
      engine = under.engine;
    }, 180_000);
    afterAll(() => under?.[Symbol.asyncDispose]());

    /** A new live index with these in it. */
    const holding = async (...facts: Facts[]) => {
      const before = index;
      index = `search-${newId()}`;
      await engine.createIndex(index);
      const outcomes = await engine.write(index, facts.flatMap(writesFor));
      expect(new Set(outcomes.map(({ kind }) => kind))).toEqual(new Set(facts.length > 0 ? ["done"] : []));
      await engine.refresh(index);
      await engine.pointAlias(index);
      if (before !== "") await engine.dropIndex(before);
    };
    const titles = async (wanted: EngineQuery) => (await engine.search(wanted)).hits.map(({ source }) => source.title);

    it("finds nothing, and says so, before there is an index", async () => {
      expect(await engine.aliasTarget()).toBeUndefined();
      expect(await engine.search(query("x", { withTotal: true }))).toEqual({ hits: [], facets: [], total: 0 });
    });

    it("finds what has all the words, the last one as a beginning, in title, facts and text", async () => {
      await holding(
        { title: "Red Trail Shoe", text: "For mountains", sku: "RTS-1" },
        { title: "Blue trail jacket", attributes: { material: "Gore" } },
        { title: "Crème brûlée", text: "ÄÖÜ straße" },
      );
      expect((await titles(query("trail"))).sort()).toEqual(["Blue trail jacket", "Red Trail Shoe"]);
      expect(await titles(query("TRAIL shoe"))).toEqual(["Red Trail Shoe"]);
      expect(await titles(query("trail mountains"))).toEqual(["Red Trail Shoe"]);
      expect(await titles(query("rts 1"))).toEqual(["Red Trail Shoe"]);
      expect(await titles(query("gore jack"))).toEqual(["Blue trail jacket"]);
      expect(await titles(query("jack gore"))).toEqual([]);
      expect(await titles(query("creme brulee"))).toEqual(["Crème brûlée"]);
      expect(await titles(query("aou"))).toEqual(["Crème brûlée"]);
      expect(await titles(query("mountains", { titleOnly: true }))).toEqual([]);
      const [shoe] = (await engine.search(query("shoe", { titleOnly: true }))).hits;
      expect(shoe?.source).toEqual({ ...bareSource, title: "Red Trail Shoe" });
    });

    it("ranks the title before the facts before the text", async () => {
      await holding(
        { title: "In the text", text: "a kettle among other things" },
        { title: "In the facts", attributes: { kind: "kettle" }, text: "other things" },
        { title: "A kettle", text: "other things" },
      );
      expect(await titles(query("kettle"))).toEqual(["A kettle", "In the facts", "In the text"]);
    });

    it("forgives a letter or two when asked to, the first one excepted", async () => {
      await holding({ title: "Wireless headphones" }, { title: "Garden hose" });
      for (const wrong of ["wireles", "wirelesss", "wierless", "headphnoes", "haedphone", "wirless hedphones"]) {
        expect(
          await titles(query(wrong.slice(0, -1) === "wireles" ? "wirelesx" : wrong, { fuzzy: true })),
          wrong,
        ).toEqual(["Wireless headphones"]);
      }
      expect(await titles(query("bireless", { fuzzy: true }))).toEqual([]);
      expect(await titles(query("hoze", { fuzzy: true }))).toEqual(["Garden hose"]);
      expect(await titles(query("wirelexx", {}))).toEqual([]);
      expect(await titles(query("wierl", { fuzzy: true, fuzzyStart: true, titleOnly: true }))).toEqual([
        "Wireless headphones",
      ]);
    });

    it("filters by type, category, seller, price, stock and attributes, all together", async () => {
      const [top, below, seller, other] = [newId(), newId(), newId(), newId()];
      await holding(
        {
          title: "A",
          categoryId: below,
          categoryPath: [top, below],
          sellerId: seller,
          cents: 1000,
          available: 2,
          attributes: { color: "red", size: "L" },
        },
        {
          title: "B",
          categoryId: top,
          categoryPath: [top],
          sellerId: other,
          cents: 2000,
          available: 0,
          attributes: { color: "blue", size: "L" },
        },
        { title: "C", type: "CONTENT" },
      );
      const only = async (filters: Partial<EngineQuery["filters"]>) => (await titles(query("", { filters }))).sort();
      expect(await only({})).toEqual(["A", "B", "C"]);
      expect(await only({ types: ["CONTENT"] })).toEqual(["C"]);
      expect(await only({ categoryIds: [top] })).toEqual(["A", "B"]);
      expect(await only({ categoryIds: [below] })).toEqual(["A"]);
      expect(await only({ sellerIds: [seller, newId()] })).toEqual(["A"]);
      expect(await only({ minPrice: 1000n, maxPrice: 1999n })).toEqual(["A"]);
      expect(await only({ minPrice: 1001n })).toEqual(["B"]);
      expect(await only({ minPrice: 0n, currency: "USD" })).toEqual([]);
      expect(await only({ inStockOnly: true })).toEqual(["A"]);
      expect(await only({ attributes: { color: ["red", "blue"] } })).toEqual(["A", "B"]);
      expect(await only({ attributes: { color: ["red", "blue"], size: ["M"] } })).toEqual([]);
      expect(
        await only({
          attributes: { color: ["red"], size: ["L"] },
          categoryIds: [top],
          inStockOnly: true,
          maxPrice: 1000n,
        }),
      ).toEqual(["A"]);
    });

    it("counts facets over what is found, each without its own filter", async () => {
      const [seller, other] = [newId(), newId()];
      await holding(
        { title: "A lamp", sellerId: seller, cents: 900, available: 1, attributes: { color: "red" } },
        { title: "B lamp", sellerId: seller, cents: 1000, available: 0, attributes: { color: "blue" } },
        { title: "C lamp", sellerId: other, cents: 99_999_900, available: 3, attributes: { color: "red" } },
        { title: "D chair", sellerId: other, cents: 500, available: 3, attributes: { color: "green" } },
      );
      const facets = ["TYPE", "CATEGORY", "SELLER", "PRICE", "AVAILABILITY", "ATTRIBUTES"] as const;
      const found = await engine.search(
        query("lamp", { facets, filters: { sellerIds: [seller], attributes: { color: ["red"] } } }),
      );
      expect(found.hits.map(({ source }) => source.title)).toEqual(["A lamp"]);
      const of = (dimension: string, attribute = "") =>
        found.facets
          .find((facet) => facet.dimension === dimension && facet.attribute === attribute)
          ?.buckets.filter(({ count }) => count > 0);
      expect(of("TYPE")).toEqual([{ value: "PRODUCT", count: 1 }]);
      expect(of("CATEGORY")).toEqual([]);
      expect(new Map(of("SELLER")?.map(({ value, count }) => [value, count]))).toEqual(
        new Map([
          [seller, 1],
          [other, 1],
        ]),
      );
      expect(of("ATTRIBUTES", "color")).toEqual([
        { value: "blue", count: 1 },
        { value: "red", count: 1 },
      ]);
      expect(of("AVAILABILITY")).toEqual([{ value: "in_stock", count: 1 }]);
      const all = await engine.search(query("lamp", { facets: ["PRICE"] }));
      expect(all.facets[0]?.buckets).toEqual([
        { value: "0-1000", count: 1 },
        { value: "1000-2500", count: 1 },
        { value: "100000-", count: 1 },
      ]);
    });

    it("sorts by price and by age, and goes on from any hit without a gap or a repeat", async () => {
      const many = Array.from({ length: 7 }, (_, n) => ({
        title: `N${n} gadget`,
        cents: 100 * ((n * 3) % 5),
        createdAt: new Date(1_700_000_000_000 + (n % 3) * 1_001).toISOString(),
      }));
      await holding(...many, { title: "No price gadget" });
      for (const sort of ["RELEVANCE", "PRICE_ASCENDING", "PRICE_DESCENDING", "NEWEST"] as const) {
        const whole = await engine.search(query("gadget", { sort, withTotal: true }));
        expect(whole.total, sort).toBe(sort.startsWith("PRICE") ? 7 : 8);
        const seen: string[] = [];
        let after: EngineQuery["after"];
        for (let page = 0; page < 10; page += 1) {
          const { hits } = await engine.search(query("gadget", { sort, size: 3, after }));
          seen.push(...hits.map(({ key }) => key));
          const last = hits.at(-1);
          if (!last || hits.length < 3) break;
          after = { value: last.position, key: last.key };
        }
        expect(seen, sort).toEqual(whole.hits.map(({ key }) => key));
        const second = await engine.search(query("gadget", { sort, size: 3, offset: 3 }));
        expect(second.hits.map(({ key }) => key)).toEqual(seen.slice(3, 6));
      }
      const prices = (await engine.search(query("gadget", { sort: "PRICE_ASCENDING" }))).hits.map(({ source }) =>
        Number(source.prices["EUR"]?.amount),
      );
      expect(prices).toEqual([...prices].sort((a, b) => a - b));
    });

    it("shows nobody what is not for them: no hit, no total, no facet", async () => {
      const [mine, other, shop] = [newId(), newId(), newId()];
      const order = (customerId: string): Facts => ({
        type: "ORDER",
        title: "secret order",
        text: "both things",
        customerId,
        sections: [{ sellerId: shop, title: "secret part", text: "one thing", prices: {} }],
      });
      await holding(
        order(mine),
        order(other),
        { title: "secret product" },
        { title: "secret draft", status: "DRAFT", sellerId: shop },
      );
      const found = async (...audience: string[]) => {
        const { hits, total, facets } = await engine.search(
          query("secret", { audience, withTotal: true, facets: ["TYPE", "SELLER"] }),
        );
        const counted = facets
          .find(({ dimension }) => dimension === "TYPE")
          ?.buckets.reduce((sum, { count }) => sum + count, 0);
        expect(counted).toBe(total);
        return hits.map(({ source }) => source.title).sort();
      };
      expect(await found("public")).toEqual(["secret product"]);
      expect(await found("public", `customer:${mine}`)).toEqual(["secret order", "secret product"]);
      expect(await found(`customer:${newId()}`)).toEqual([]);
      expect(await found("public", `seller:${shop}`)).toEqual([
        "secret draft",
        "secret part",
        "secret part",
        "secret product",
      ]);
      expect(await found("public", STAFF)).toEqual(["secret draft", "secret order", "secret order", "secret product"]);
      expect(await titles(query("both", { audience: [`seller:${shop}`] }))).toEqual([]);
    });

    it("keeps the newest version, whatever comes when, and what is gone stays gone", async () => {
      await holding();
      const id = newId();
      const at = (version: bigint): EngineWrite[] => writesFor({ id, version, title: `version ${version}` });
      const gone = (version: bigint): EngineWrite[] => [{ key: `PRODUCT:${id}`, version }];
      const visible = async () => {
        await engine.refresh(index);
        return titles(query("version"));
      };
      await engine.write(index, at(2n));
      await engine.write(index, at(1n));
      await engine.write(index, at(2n));
      expect(await visible()).toEqual(["version 2"]);
      await engine.write(index, [...at(3n), ...gone(5n), ...at(4n)]);
      expect(await visible()).toEqual([]);
      expect(await engine.count(index)).toBe(0);
      expect((await engine.write(index, at(4n)))[0]?.kind).toBe("done");
      expect(await visible()).toEqual([]);
      await engine.write(index, at(6n));
      expect(await visible()).toEqual(["version 6"]);
      expect(await engine.count(index)).toBe(1);
    });

    it("swaps indexes at once, and does not make a dropped one anew", async () => {
      await holding({ title: "old world" });
      const old = index;
      index = `search-${newId()}`;
      await engine.createIndex(index);
      await engine.createIndex(index);
      await engine.write(index, writesFor({ title: "new world" }));
      await engine.refresh(index);
      expect(await titles(query("world"))).toEqual(["old world"]);
      await engine.pointAlias(index);
      expect(await engine.aliasTarget()).toBe(index);
      expect(await titles(query("world"))).toEqual(["new world"]);
      await engine.dropIndex(old);
      await engine.dropIndex(old);
      await expect(engine.write(old, writesFor({}))).rejects.toThrow();
      expect(await titles(query("world"))).toEqual(["new world"]);
    });

    it("takes what it is told by others than us: long, strange and hostile", async () => {
      const hostile = `'; drop table x; -- "}]} <script> \\ * ? ~2 AND OR NOT ( [ / ${"long".repeat(100)}`;
      await holding(
        { title: hostile, text: "x ".repeat(20_000), attributes: { [`na'me"`]: `va*l=ue\\` }, sku: "%_" },
        { title: "plain" },
      );
      for (const q of [
        hostile,
        "*",
        "pl?in",
        "plain~",
        "+plain -plain",
        "title:plain",
        '"plain"',
        "plain:*",
        "!plain",
        "& | !",
      ])
        await expect(engine.search(query(q, { fuzzy: true })), q).resolves.toBeDefined();
      expect(await titles(query("drop table script"))).toEqual([hostile]);
      expect(await titles(query("pl?in"))).toEqual([]);
      const attributes = { [`na'me"`]: [`va*l=ue\\`] };
      const found = await engine.search(query("", { facets: ["ATTRIBUTES"], filters: { attributes } }));
      expect(found.hits).toHaveLength(1);
      expect(found.facets).toEqual([
        { dimension: "ATTRIBUTES", attribute: `na'me"`, buckets: [{ value: `va*l=ue\\`, count: 1 }] },
      ]);
    });
  });
};
