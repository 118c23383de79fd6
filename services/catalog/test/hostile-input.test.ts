import { PriceChangedSchema } from "@tandem/contracts/pricing";
import { newId } from "@tandem/kernel";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type Harness, startHarness } from "./harness.ts";

let catalog: Harness;
let staff: { readonly authorization: string };
beforeAll(async () => {
  catalog = await startHarness();
  staff = await catalog.tokens.as("staff");
});
afterAll(() => catalog[Symbol.asyncDispose]());

const send = (method: string, path: string, body?: unknown, as = staff) =>
  catalog.http(path, { method, as, ...(body === undefined ? {} : { body }) });
const slug = (what: string) => `${what}-${newId()}`;
const seller = async () => {
  const { json } = await send("POST", "/sellers", { name: "Lindencraft", slug: slug("s") });
  return json.data as { sellerId: string };
};
const input = (over: object = {}) => ({ sku: `SKU-${newId().slice(-8)}`, name: "Mug", ...over });

describe("what is refused, changing nothing", () => {
  const forged = (scope: string, ...key: unknown[]) =>
    Buffer.from(JSON.stringify([1, scope, ...key])).toString("base64url");
  it.each([
    ["a product without a name", { name: "" }],
    ["a name beyond measure", { name: "n".repeat(201) }],
    ["a name that is a number", { name: 7 }],
    ["a name with a character that no database stores", { name: "a\u0000b" }],
    ["an attribute with such a character", { attributes: { color: "\u0000" } }],
    ["a SKU with a blank", { sku: "A 1" }],
    ["a category that is no id", { categoryId: "x" }],
    ["a product born archived", { status: "PRODUCT_STATUS_ARCHIVED" }],
    ["an image that is no address", { imageUrls: ["not an address"] }],
    ["fifty-one attributes", { attributes: Object.fromEntries(Array.from({ length: 51 }, (_, n) => [`k${n}`, ""])) }],
    ["a price", { price: { currencyCode: "EUR", amountMinor: "-1" } }],
    ["a version of its own", { version: "7" }],
  ])("%s", async (_what, over) => {
    const { sellerId } = await seller();
    const before = await catalog.fingerprint();
    const answer = await send("POST", "/products", { sellerId, product: input(over) });
    expect(answer).toMatchObject({ status: 400, json: { message: expect.any(String) } });
    expect(answer.text).not.toMatch(/at \S+ \(|node_modules|select |insert /);
    expect(await catalog.fingerprint()).toEqual(before);
  });

  it.each([
    ["half a document", '{"sellerId": ', 400],
    ["a list", "[]", 400],
    ["a body beyond the limit", `{"sellerId": "${"x".repeat(1_200_000)}"}`, 429],
  ])("%s", async (_what, body, status) => {
    const before = await catalog.fingerprint();
    const answer = await send("POST", "/products", body);
    expect(status === 400 ? [400] : [413, 429]).toContain(answer.status);
    expect(await catalog.fingerprint()).toEqual(before);
  });

  it("callers without a token, with an old one, and without the permission", async () => {
    const { sellerId } = await seller();
    const before = await catalog.fingerprint();
    const body = { sellerId, product: input() };
    const expired = await catalog.tokens.expired({ subject: "x", roles: ["staff"] });
    expect((await catalog.http("/products", { method: "POST", body })).status).toBe(401);
    expect((await send("POST", "/products", body, { authorization: `Bearer ${expired}` })).status).toBe(401);
    expect((await send("POST", "/products", body, await catalog.tokens.customer())).status).toBe(403);
    const own = await catalog.tokens.seller(sellerId);
    expect((await send("POST", "/categories", { name: "C", slug: slug("c") }, own)).status).toBe(403);
    expect(await catalog.fingerprint()).toEqual(before);
  });

  it.each([
    ["a cursor that is none", "/products?page.cursor=nonsense"],
    ["a made-up product cursor", `/products?page.cursor=${forged("products:id_desc", "x")}`],
    [
      "a made-up price in a cursor",
      `/listings?sort=LISTING_SORT_PRICE_ASCENDING&page.cursor=${forged("listings:PRICE_ASCENDING:EUR", "ten", newId())}`,
    ],
    ["a made-up id in a cursor", `/listings?page.cursor=${forged("listings:NAME:EUR", "a", "x")}`],
    [
      "a character that no database stores in a cursor",
      `/listings?page.cursor=${forged("listings:NAME:EUR", "\u0000", newId())}`,
    ],
    ["a limit beyond the limit", "/listings?page.limit=201"],
    ["an id that is none", "/products/1%27"],
    ["a currency that is none", "/listings?currencyCode=euro"],
  ])("%s", async (_what, path) => {
    expect(await catalog.http(path)).toMatchObject({ status: 400, json: { message: expect.any(String) } });
  });
});

it("buries price events without an amount or a currency, and feeds no listing from them", async () => {
  const before = await catalog.fingerprint();
  for (const price of [
    {},
    { amount: { currencyCode: "", amountMinor: 1n } },
    { amount: { currencyCode: "EURO", amountMinor: 1n } },
  ]) {
    const productId = newId();
    const init = { productId, aggregateVersion: 1n, occurredAt: { seconds: 1n, nanos: 0 }, prices: [price] };
    expect(await catalog.deliver(PriceChangedSchema, init)).toBe("ack");
    expect(await catalog.deadLetters(productId)).toEqual(["catalog.on-price-changed"]);
  }
  expect(await catalog.fingerprint()).toEqual(before);
});
