import { SellerChangedSchema, SellerStatus } from "@tandem/contracts/catalog";
import { newId } from "@tandem/kernel";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type Harness, productOf, startHarness } from "./harness.ts";

let search: Harness;
beforeAll(async () => {
  search = await startHarness();
});
afterAll(() => search?.[Symbol.asyncDispose]());

const at = { seconds: 1_700_000_000n, nanos: 0 };
const standing = (sellerId: string, status: SellerStatus, version: bigint) =>
  search.deliver(SellerChangedSchema, {
    sellerId,
    aggregateVersion: version,
    occurredAt: at,
    seller: { sellerId, name: "Lindencraft", slug: "lindencraft", status, version },
  });
const found = async (q: string, as?: Promise<{ readonly authorization: string }>): Promise<string[]> => {
  await search.settled();
  const { status, json } = await search.http(`/search?q=${q}`, as ? { as } : {});
  expect(status).toBe(200);
  return json.data.hits.map((hit: { document: { documentId: string } }) => hit.document.documentId);
};
const { ACTIVE, SUSPENDED } = SellerStatus;

describe("a suspended seller", () => {
  it("offers nothing that anybody finds, but the seller and staff; let in again, all of it is there", async () => {
    const sellerId = newId();
    const [one, two, other] = [productOf(search), productOf(search), productOf(search)];
    await one.created({ name: "Zirbel lamp", sellerId });
    await two.created({ name: "Zirbel chair", sellerId });
    await other.created({ name: "Zirbel table" });
    expect(await found("zirbel")).toHaveLength(3);

    await standing(sellerId, SUSPENDED, 2n);
    expect(await found("zirbel")).toEqual([other.productId]);
    expect((await search.http(`/search/documents/DOCUMENT_TYPE_PRODUCT/${one.productId}`)).status).toBe(404);
    expect(await found("zirbel", search.tokens.seller(sellerId))).toHaveLength(3);
    expect(await found("zirbel", search.tokens.as("staff"))).toHaveLength(3);
    expect(await found("zirbel", search.tokens.seller(newId()))).toEqual([other.productId]);

    await standing(sellerId, ACTIVE, 3n);
    expect(await found("zirbel")).toHaveLength(3);
  });

  it("by the highest version, in any order and any number of times, and before its products as well", async () => {
    const sellerId = newId();
    await standing(sellerId, SUSPENDED, 3n);
    const early = productOf(search);
    await early.created({ name: "Quitten jam", sellerId });
    expect(await found("quitten")).toEqual([]);
    await standing(sellerId, ACTIVE, 2n);
    await standing(sellerId, SUSPENDED, 3n);
    expect(await found("quitten")).toEqual([]);
    await standing(sellerId, ACTIVE, 4n);
    expect(await found("quitten")).toEqual([early.productId]);
    // A new name, and news that change nothing, move no product.
    const before = await search.database.query("select version from document where id = $1", [early.productId]);
    await standing(sellerId, ACTIVE, 5n);
    expect((await search.database.query("select version from document where id = $1", [early.productId])).rows).toEqual(
      before.rows,
    );
  });

  it("who is suspended while products come in hides every one of them", async () => {
    const sellerId = newId();
    const products = Array.from({ length: 20 }, () => productOf(search));
    await Promise.all([
      ...products.slice(0, 10).map((one) => one.created({ name: "Hagebutte", sellerId })),
      standing(sellerId, SUSPENDED, 2n),
      ...products.slice(10).map((one) => one.created({ name: "Hagebutte", sellerId })),
    ]);
    expect(await found("hagebutte")).toEqual([]);
    expect(await found("hagebutte&page.limit=50", search.tokens.as("staff"))).toHaveLength(20);
  });

  it("stays out of sight in an index that is built anew", async () => {
    const sellerId = newId();
    const product = productOf(search);
    await product.created({ name: "Mispel", sellerId });
    await standing(sellerId, SUSPENDED, 2n);
    await search.settled();
    await search.runJob("search.reindex");
    expect(await found("mispel")).toEqual([]);
    expect(await found("mispel", search.tokens.as("staff"))).toEqual([product.productId]);
  });
});
