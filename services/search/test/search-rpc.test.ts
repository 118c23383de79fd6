import { newId } from "@tandem/kernel";
import { pollUntil } from "@tandem/testkit";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type Harness, productOf, startHarness } from "./harness.ts";

let search: Harness;
let staff: { readonly authorization: string };
let operator: { readonly authorization: string };
beforeAll(async () => {
  search = await startHarness();
  staff = await search.tokens.as("staff");
  operator = await search.tokens.as("operator");
});
afterAll(() => search[Symbol.asyncDispose]());

// biome-ignore lint/suspicious/noExplicitAny: JSON of an answer
type Json = any;
const titles = (answer: { readonly json: Json }): string[] =>
  (answer.json.data.hits ?? []).map((hit: Json) => hit.document.title);
const unique = () => `w${newId().replaceAll("-", "")}`;
const put = (document: Json, as = staff) => search.http("/search/documents", { method: "POST", as, body: document });
const content = (title: string, more: Json = {}) => ({
  type: "DOCUMENT_TYPE_CONTENT",
  documentId: newId(),
  version: 1,
  title,
  ...more,
});

describe("a search", () => {
  it("finds products for anyone, a moment after their owners have spoken", async () => {
    const one = productOf(search);
    const sellerId = newId();
    await one.priced(129_900n);
    await one.created({
      name: "Ultrabook Zephyr 14",
      description: "A light <b>laptop</b> for travel",
      sellerId,
      sku: "ZEP-14",
    });
    await one.stocked(7);
    await search.settled();
    const found = await search.http("/search?q=zephyr&highlight=true");
    expect(found.json.data.hits).toMatchObject([
      {
        document: {
          documentId: one.productId,
          sellerId,
          price: { currencyCode: "EUR", amountMinor: "129900" },
          available: 7,
        },
        highlightedTitle: "Ultrabook <em>Zephyr</em> 14",
        highlightedText: "A light &lt;b&gt;laptop&lt;/b&gt; for travel",
      },
    ]);
    expect(titles(await search.http("/search", { method: "POST", body: { q: "zep 14" } }))).toEqual([
      "Ultrabook Zephyr 14",
    ]);
    const mistyped = await search.http("/search?q=ultrabok%20zepyhr");
    expect(titles(mistyped)).toEqual(["Ultrabook Zephyr 14"]);
    expect(mistyped.json.data.corrected).toBe(true);
    expect((await search.http("/search/suggest?q=zepy")).json.data.suggestions).toMatchObject([
      { text: "Ultrabook Zephyr 14" },
    ]);
  });

  it("is answered over Connect as over REST", async () => {
    const word = unique();
    await put(content(word));
    await search.settled();
    const answer = await search.http("/tandem.search.v1.SearchService/Search", { method: "POST", body: { q: word } });
    expect(answer.json.hits).toMatchObject([{ document: { title: word, type: "DOCUMENT_TYPE_CONTENT" } }]);
  });

  it("filters, sorts, counts and marks what is chosen", async () => {
    const word = unique();
    const [top, below, seller] = [newId(), newId(), newId()];
    const document = (title: string, more: Json) =>
      put({ ...content(`${word} ${title}`, more), type: "DOCUMENT_TYPE_PRODUCT" });
    await document("A", {
      categoryId: below,
      categoryPathIds: [top, below],
      sellerId: seller,
      attributes: { color: "red" },
    });
    await document("B", { categoryId: top, attributes: { color: "blue" } });
    await search.settled();
    const path = `/search?q=${word}&categoryIds=${top}&attributes=color%3Dred&facets=FACET_DIMENSION_ATTRIBUTES&facets=FACET_DIMENSION_CATEGORY`;
    const found = await search.http(path);
    expect(titles(found)).toEqual([`${word} A`]);
    expect(found.json.data.facets).toMatchObject([
      {
        dimension: "FACET_DIMENSION_CATEGORY",
        buckets: expect.arrayContaining([{ value: top, count: "1", selected: true }]),
      },
      {
        attribute: "color",
        buckets: [
          { value: "blue", count: "1", selected: false },
          { value: "red", count: "1", selected: true },
        ],
      },
    ]);
  });

  it("goes on by cursor without a gap or a repeat, by offset with a total, and neither deeper than the rule nor by another's cursor", async () => {
    const word = unique();
    const items = Array.from({ length: 12 }, (_, n) => ({
      index: content(`${word} ${n}`, { createdAt: new Date(1e12 + (n % 4) * 1e6).toISOString() }),
    }));
    const bulk = await search.http("/search/documents/bulk", { method: "POST", as: staff, body: { items } });
    expect(bulk.json.data.summary).toEqual({ succeeded: 12, failed: 0 });
    await search.settled();
    for (const sort of ["SEARCH_SORT_RELEVANCE", "SEARCH_SORT_NEWEST"]) {
      const seen: string[] = [];
      let cursor = "";
      do {
        const page = await search.http(
          `/search?q=${word}&sort=${sort}&page.limit=5${cursor ? `&page.cursor=${cursor}` : ""}`,
        );
        expect(page.status).toBe(200);
        seen.push(...titles(page));
        cursor = page.json.data.page.nextCursor;
      } while (cursor);
      expect(seen).toHaveLength(12);
      expect(new Set(seen).size).toBe(12);
    }
    const numbered = await search.http(`/search?q=${word}&page.limit=5&page.offset=10`);
    expect(titles(numbered)).toHaveLength(2);
    expect(numbered.json.data.page.total).toBe("12");
    // A typo, page by page: what is meant does not change on the way.
    const typo = `${word.slice(0, -1)}${word.endsWith("0") ? "1" : "0"}`;
    const first = await search.http(`/search?q=${typo}&page.limit=5`);
    const second = await search.http(`/search?q=${typo}&page.limit=5&page.cursor=${first.json.data.page.nextCursor}`);
    expect([first.json.data.corrected, second.json.data.corrected]).toEqual([true, true]);
    expect(new Set([...titles(first), ...titles(second)]).size).toBe(10);

    const deep = await search.http(`/search?q=${word}&page.limit=200&page.offset=9900`);
    expect([deep.status, deep.json.error]).toEqual([400, "search.page_too_deep"]);
    const stolen = await search.http(`/search?q=other&page.cursor=${first.json.data.page.nextCursor}`);
    expect([stolen.status, stolen.json.error]).toEqual([400, "page.cursor_invalid"]);
  });

  it.each([
    ["q=", 200],
    [`q=${encodeURIComponent("'; drop table document; --")}`, 200],
    [`q=${encodeURIComponent(`"}}],"size":100000,"x":[{"`)}`, 200],
    [`q=${encodeURIComponent("a & | ! ( ) <-> :* 'b' \\ %_ * ? ~ /re.*/ title:x [1 TO *] && || +x -y")}`, 200],
    [`q=${encodeURIComponent("\u0001\u001b\ud7ff\ufffe \u202e")}`, 200],
    [`q=${"w%20".repeat(60)}`, 200],
    [`q=${"a".repeat(256)}`, 200],
    [`q=${"a".repeat(257)}`, 400],
    ["q=x&minPriceMinor=5&maxPriceMinor=4", 400],
    ["q=x&minPriceMinor=-1", 400],
    ["q=x&minPriceMinor=99999999999999999999", 400],
    ["q=x&currencyCode=eur", 400],
    ["q=x&categoryIds=1", 400],
    ["q=x&attributes=nothing", 400],
    [`q=x&attributes=${encodeURIComponent("__proto__=x")}&facets=FACET_DIMENSION_ATTRIBUTES`, 200],
    [`q=x&highlight=true&highlightTag=${encodeURIComponent("<script>alert(1)</script>")}`, 400],
    [`q=x&highlight=true&highlightTag=${encodeURIComponent('<em onclick="x">')}`, 400],
    ["q=x&sort=99", 400],
    ["q=x&types=DOCUMENT_TYPE_UNSPECIFIED", 400],
    ["q=x&page.offset=-1", 400],
    ["q=x&page.offset=10001", 400],
    ["q=x&page.limit=201", 400],
    ["q=x&page.cursor=abc", 400],
    ["q=x&unknown=1", 400],
    ["q=%00", 400],
  ])("takes %s for words or refuses it by rule, and changes nothing", async (query, status) => {
    const before = await search.fingerprint();
    const answer = await search.http(`/search?${query}`);
    expect(answer.status).toBe(status);
    expect(await search.fingerprint()).toEqual(before);
  });

  it("refuses cursors that were made up, whatever is in them", async () => {
    const first = await search.http("/search?q=w&page.limit=1");
    const given = first.json.data.page.nextCursor as string;
    const [version, scope] = JSON.parse(Buffer.from(given, "base64url").toString()) as [number, string];
    for (const forged of [
      [true, "0.1", "x"],
      [true, "NaN", `PRODUCT:${newId()}`],
      [true, "0.1; drop", `PRODUCT:${newId()}`],
      ["no", "0.1", `PRODUCT:${newId()}`],
      [false, 1, `PRODUCT:${newId()}`],
      [false, "0.1", `PRODUCT:${newId()}' or 1=1`],
    ]) {
      const cursor = Buffer.from(JSON.stringify([version, scope, ...forged])).toString("base64url");
      expect((await search.http(`/search?q=w&page.limit=1&page.cursor=${cursor}`)).status, JSON.stringify(forged)).toBe(
        400,
      );
    }
  });
});

describe("indexing by hand", () => {
  it("takes the newest version, is repeated without harm, and a deletion outlives late versions", async () => {
    const word = unique();
    const document = content(word, { version: 2 });
    expect((await put(document)).json.data).toEqual({ applied: true });
    expect((await put(document)).json.data).toEqual({ applied: false });
    expect((await put({ ...document, version: 1, title: "older" })).json.data).toEqual({ applied: false });
    const path = `/search/documents/DOCUMENT_TYPE_CONTENT/${document.documentId}`;
    expect((await search.http(path)).json.data).toMatchObject({ title: word, version: "1" });
    expect((await search.http(`${path}?version=3`, { method: "DELETE", as: staff })).json.data).toEqual({
      applied: true,
    });
    expect((await put({ ...document, version: 3 })).json.data).toEqual({ applied: false });
    await search.settled();
    expect((await search.http(path)).status).toBe(404);
    expect(titles(await search.http(`/search?q=${word}`))).toEqual([]);
  });

  it("answers a batch item by item", async () => {
    const [good, same] = [content(unique()), newId()];
    const answer = await search.http("/search/documents/bulk", {
      method: "POST",
      as: staff,
      body: {
        items: [
          { index: good },
          { index: content(" ") },
          { index: { ...content("x"), type: "DOCUMENT_TYPE_ORDER" } },
          { delete: { type: "DOCUMENT_TYPE_CONTENT", documentId: same, version: 5 } },
          { index: content("late", { documentId: same, version: 4 }) },
        ],
      },
    });
    expect(answer.json.data).toMatchObject({
      results: [
        { documentId: good.documentId, applied: true },
        { error: { slug: "search.document_invalid" } },
        { error: { slug: "search.document_invalid" } },
        { documentId: same, applied: true },
        { documentId: same, applied: false },
      ],
      summary: { succeeded: 3, failed: 2 },
    });
  });

  it("is for services and staff, within its rules; who may not changes nothing", async () => {
    await search.settled();
    const before = await search.fingerprint();
    const body = content("x");
    for (const role of ["customer", "operator"] as const)
      expect((await put(body, await search.tokens.as(role))).status).toBe(403);
    expect((await put(body, await search.tokens.seller(newId()))).status).toBe(403);
    expect((await search.http("/search/documents", { method: "POST", body })).status).toBe(401);
    for (const wrong of [
      { documentId: "1" },
      { version: 0 },
      { version: -1 },
      { type: "DOCUMENT_TYPE_UNSPECIFIED" },
      { type: 77 },
      { title: "t".repeat(501) },
      { text: "t".repeat(100_001) },
      { attributes: { "": "x" } },
      { customerId: newId() },
      { unknown: 1 },
    ])
      expect((await put({ ...body, ...wrong })).status, JSON.stringify(wrong).slice(0, 60)).toBe(400);
    const many = Array.from({ length: 501 }, () => ({ index: content("x") }));
    expect(
      (await search.http("/search/documents/bulk", { method: "POST", as: staff, body: { items: many } })).status,
    ).toBe(400);
    expect(
      (await search.http("/search/documents/bulk", { method: "POST", as: staff, body: { items: [{}] } })).status,
    ).toBe(400);
    expect(await search.fingerprint()).toEqual(before);
  });
});

describe("a reindex by hand", () => {
  it("is started, watched and listed by operators, one at a time, and cannot be cancelled when it is over", async () => {
    await put(content(unique()));
    await search.settled();
    const started = await search.http("/search/reindexes", { method: "POST", as: operator, body: {} });
    expect(started.status).toBe(200);
    const path = `/search/reindexes/${started.json.data.reindexId}`;
    const done = await pollUntil(
      async () => {
        const { data } = (await search.http(path, { as: operator })).json;
        return data.status === "REINDEX_STATUS_RUNNING" ? undefined : data;
      },
      { timeoutMs: 20_000, message: "the reindex" },
    );
    expect(done).toMatchObject({ status: "REINDEX_STATUS_SUCCEEDED", done: done.total, failed: "0" });
    const late = await search.http(`${path}/cancel`, { method: "POST", as: operator, body: {} });
    expect([late.status, late.json.error]).toEqual([409, "search.reindex_ended"]);
    const unknown = await search.http(`/search/reindexes/${newId()}`, { as: operator });
    expect([unknown.status, unknown.json.error]).toEqual([404, "search.reindex_not_found"]);
    expect((await search.http("/search/reindexes?page.limit=1", { as: operator })).json.data.reindexes).toMatchObject([
      { index: done.index },
    ]);
    expect(await search.runJob("search.reindex")).toMatchObject({ status: "SUCCEEDED" });
    const page = (await search.http("/search/reindexes?page.limit=1", { as: operator })).json.data.page;
    const next = await search.http(`/search/reindexes?page.limit=1&page.cursor=${page.nextCursor}`, { as: operator });
    expect(next.json.data.reindexes).toMatchObject([{ index: done.index }]);
    const forged = Buffer.from(JSON.stringify([1, "reindexes:started_desc", "yesterday", newId()])).toString(
      "base64url",
    );
    expect((await search.http(`/search/reindexes?page.cursor=${forged}`, { as: operator })).status).toBe(400);
    const indexes = (await search.http("/search/indexes?page.offset=0", { as: operator })).json.data;
    expect(indexes.indexes).toContainEqual(expect.objectContaining({ state: "INDEX_STATE_LIVE", engine: "postgres" }));
    expect(await search.runJob("search.failed-operations")).toEqual({ reopened: 0 });
  });

  it("and failed operations are nobody else's business", async () => {
    const customer = await search.tokens.as("customer");
    for (const path of [
      "/search/reindexes",
      "/search/indexes",
      "/search/failed-operations",
      `/search/reindexes/${newId()}`,
    ]) {
      expect((await search.http(path)).status).toBe(401);
      expect((await search.http(path, { as: customer })).status).toBe(403);
    }
    const { status, json } = await search.http(`/search/failed-operations/DOCUMENT_TYPE_PRODUCT/${newId()}/retry`, {
      method: "POST",
      as: operator,
      body: {},
    });
    expect([status, json.error]).toEqual([404, "search.operation_not_found"]);
    expect((await search.http("/search/failed-operations", { as: operator })).json.data.operations).toEqual([]);
  });
});
