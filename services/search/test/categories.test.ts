import { CategoryChangedSchema } from "@tandem/contracts/catalog";
import { newId } from "@tandem/kernel";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type Harness, productOf, startHarness } from "./harness.ts";

let search: Harness;
beforeAll(async () => {
  search = await startHarness();
});
afterAll(() => search?.[Symbol.asyncDispose]());

const at = { seconds: 1_700_000_000n, nanos: 0 };
/** Where a category lies, from the top down: the last is the category itself. */
const placed = (path: readonly string[], version: bigint) => {
  const categoryId = path.at(-1) ?? "";
  const category = { categoryId, parentId: path.at(-2) ?? "", name: "C", slug: "c", path: [...path], version };
  return search.deliver(CategoryChangedSchema, { categoryId, aggregateVersion: version, occurredAt: at, category });
};
const ask = async (word: string, categoryId = "") => {
  await search.settled();
  const filter = categoryId && `&categoryIds=${categoryId}`;
  const { status, json } = await search.http(`/search?q=${word}&facets=FACET_DIMENSION_CATEGORY${filter}`);
  expect(status, JSON.stringify(json)).toBe(200);
  return json.data as {
    readonly hits: readonly { readonly document: { readonly documentId: string } }[];
    readonly facets: readonly { readonly buckets: readonly { readonly value: string; readonly count: string }[] }[];
  };
};
const found = async (word: string, categoryId: string) =>
  (await ask(word, categoryId)).hits.map(({ document }) => document.documentId);
const counted = async (word: string) =>
  Object.fromEntries((await ask(word)).facets[0]?.buckets.map(({ value, count }) => [value, Number(count)]) ?? []);
const documentVersion = async (id: string) =>
  (await search.database.query("select version from document where id = $1", [id])).rows;

describe("a product in a category", () => {
  it("is found in all that are above it, and counted there", async () => {
    const [top, middle, leaf, other] = [newId(), newId(), newId(), newId()];
    await placed([top], 1n);
    await placed([top, middle], 1n);
    await placed([top, middle, leaf], 1n);
    const [one, two, three] = [productOf(search), productOf(search), productOf(search)];
    await one.created({ name: "Wacholder", categoryId: leaf });
    await two.created({ name: "Wacholder", categoryId: middle });
    await three.created({ name: "Wacholder", categoryId: other });
    expect(await found("wacholder", leaf)).toEqual([one.productId]);
    expect((await found("wacholder", top)).toSorted()).toEqual([one.productId, two.productId].toSorted());
    expect(await counted("wacholder")).toEqual({ [top]: 2, [middle]: 2, [leaf]: 1, [other]: 1 });
  });

  it("goes where the category goes, by the highest version, in any order, and before the tree was known", async () => {
    const [from, to, leaf] = [newId(), newId(), newId()];
    const product = productOf(search);
    await product.created({ name: "Schlehe", categoryId: leaf });
    expect(await counted("schlehe")).toEqual({ [leaf]: 1 });
    await placed([to, leaf], 3n);
    await placed([from, leaf], 2n);
    expect(await counted("schlehe")).toEqual({ [to]: 1, [leaf]: 1 });
    const before = await documentVersion(product.productId);
    await placed([to, leaf], 4n); // a new name
    expect(await documentVersion(product.productId)).toEqual(before);
    await placed([leaf], 5n);
    expect(await counted("schlehe")).toEqual({ [leaf]: 1 });
  });

  it("that comes in while the category moves is where it has gone", async () => {
    const [to, leaf] = [newId(), newId()];
    await placed([leaf], 1n);
    const products = Array.from({ length: 30 }, () => productOf(search));
    const create = (some: typeof products) =>
      some.map((one) => one.created({ name: "Kornelkirsche", categoryId: leaf }));
    await Promise.all([...create(products.slice(0, 15)), placed([to, leaf], 2n), ...create(products.slice(15))]);
    expect(await counted("kornelkirsche")).toEqual({ [to]: 30, [leaf]: 30 });
  });

  it("is there in an index that is built anew", async () => {
    const [top, leaf] = [newId(), newId()];
    const product = productOf(search);
    await product.created({ name: "Sanddorn", categoryId: leaf });
    await placed([top, leaf], 1n);
    await search.settled();
    await search.runJob("search.reindex");
    expect(await found("sanddorn", top)).toEqual([product.productId]);
  });
});
