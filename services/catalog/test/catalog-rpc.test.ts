import { PriceChangedSchema } from "@tandem/contracts/pricing";
import { StockChangedSchema } from "@tandem/contracts/warehouse";
import { newId } from "@tandem/kernel";
import { countStatements } from "@tandem/testkit";
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
  return json.data as { sellerId: string; version: string; slug: string };
};
const input = (over: object = {}) => ({ sku: `SKU-${newId().slice(-8)}`, name: "Mug", ...over });
const product = async (sellerId: string, over: object = {}) => {
  const { json } = await send("POST", "/products", { sellerId, product: input(over) });
  return json.data as { productId: string; version: string; sku: string };
};
const category = async (parentId = "") => {
  const { json } = await send("POST", "/categories", { parentId, name: "C", slug: slug("c") });
  return json.data as { categoryId: string; version: string; slug: string; path: string[] };
};
const occurredAt = { seconds: 1n, nanos: 0 };
const amount = (amountMinor: bigint, currencyCode = "EUR") => ({ currencyCode, amountMinor });
const priced = (productId: string, minor: bigint, version = 1n, id = newId()) =>
  catalog.deliver(
    PriceChangedSchema,
    {
      productId,
      aggregateVersion: version,
      occurredAt,
      prices: [{ amount: amount(minor), regularAmount: amount(minor) }],
    },
    id,
  );
const stocked = (productId: string, available: number, version = 1n, id = newId()) =>
  catalog.deliver(
    StockChangedSchema,
    { productId, aggregateVersion: version, occurredAt, sellerId: newId(), onHand: available, available },
    id,
  );

describe("products", () => {
  it("are announced with every change, and archived for good", async () => {
    const { sellerId } = await seller();
    const { productId, version, sku } = await product(sellerId);
    const put = (on: string) =>
      send("PUT", `/products/${productId}`, { version: on, product: { sku, name: "Blue mug" } });
    expect(await put(version)).toMatchObject({ status: 200, json: { data: { name: "Blue mug", version: "2" } } });
    expect(await put(version)).toMatchObject({ status: 409, json: { error: "catalog.version_conflict" } });
    for (let n = 0; n < 2; n += 1) expect((await send("DELETE", `/products/${productId}`)).status).toBe(200);
    expect(await put("3")).toMatchObject({ json: { error: "catalog.product_archived" } });
    expect(await catalog.topics(productId)).toEqual(["product.created", "product.updated", "product.deleted"]);
  });

  it("are changed by their own seller; for another they do not exist", async () => {
    const { sellerId } = await seller();
    const { productId, version, sku } = await product(sellerId, { status: "PRODUCT_STATUS_DRAFT" });
    const thief = await catalog.tokens.seller();
    const before = await catalog.fingerprint();
    const change = { version, product: { sku, name: "Mine" } };
    for (const id of [productId, newId()]) {
      expect(await send("PUT", `/products/${id}`, change, thief)).toMatchObject({
        status: 404,
        json: { error: "catalog.product_not_found" },
      });
      expect((await send("DELETE", `/products/${id}`, undefined, thief)).status).toBe(404);
      expect((await catalog.http(`/products/${id}`, { as: thief })).status).toBe(404);
    }
    expect(await send("POST", "/products", { sellerId, product: input() }, thief)).toMatchObject({
      status: 404,
      json: { error: "catalog.seller_not_found" },
    });
    expect((await catalog.http(`/products?sellerId=${sellerId}`, { as: thief })).json.data.products ?? []).toEqual([]);
    expect(await catalog.fingerprint()).toEqual(before);
    const owner = await catalog.tokens.seller(sellerId);
    expect(await send("PUT", `/products/${productId}`, change, owner)).toMatchObject({ status: 200 });
  });

  it("are created in a batch, each or not by itself", async () => {
    const { sellerId } = await seller();
    const taken = await product(sellerId);
    const products = [
      input({ sku: "A-1" }),
      input({ sku: taken.sku }),
      input({ sku: "A-1" }),
      input({ categoryId: newId() }),
    ];
    const { json } = await send("POST", "/products/batch-create", { sellerId, products });
    expect(json.data.results).toMatchObject([
      { product: { sku: "A-1" } },
      { error: { slug: "catalog.sku_taken" } },
      { error: { slug: "catalog.sku_taken" } },
      { error: { slug: "catalog.category_not_found" } },
    ]);
    const productIds = [json.data.results[0].productId, newId()];
    const read = await catalog.http("/products/batch-get", { method: "POST", body: { productIds } });
    expect(read.json.data.results).toMatchObject([
      { product: { sku: "A-1" } },
      { error: { slug: "catalog.product_not_found" } },
    ]);
  });

  it("are one, however many create the same SKU at once", async () => {
    const { sellerId } = await seller();
    const wanted = { sellerId, product: input() };
    const answers = await Promise.all(Array.from({ length: 6 }, () => send("POST", "/products", wanted)));
    expect(answers.filter(({ status }) => status === 200)).toHaveLength(1);
    for (const { status, json } of answers) if (status !== 200) expect(json.error).toBe("catalog.sku_taken");
  });

  it("are listed by cursor without a gap or a repeat, and by offset with a total", async () => {
    const { sellerId } = await seller();
    const ids: string[] = [];
    for (let n = 0; n < 5; n += 1) ids.unshift((await product(sellerId)).productId);
    const seen: string[] = [];
    let cursor = "";
    do {
      const at = cursor && `&page.cursor=${cursor}`;
      const { json } = await catalog.http(`/products?sellerId=${sellerId}&page.limit=2${at}`);
      seen.push(...json.data.products.map((one: { productId: string }) => one.productId));
      cursor = json.data.page.nextCursor ?? "";
    } while (cursor);
    expect(seen).toEqual(ids);
    const { json } = await catalog.http(`/products?sellerId=${sellerId}&page.limit=2&page.offset=4`);
    expect(json.data).toMatchObject({ products: [{ productId: ids[4] }], page: { total: "5" } });
  });
});

describe("categories", () => {
  it("move with all below them, and never below themselves", async () => {
    const [a, b] = [await category(), await category()];
    const child = await category(a.categoryId);
    const move = (parentId: string, version: string) =>
      send("PUT", `/categories/${a.categoryId}`, { version, parentId, name: "C", slug: a.slug });
    expect(await move(child.categoryId, a.version)).toMatchObject({ json: { error: "catalog.category_cycle" } });
    expect((await move(b.categoryId, a.version)).status).toBe(200);
    const moved = await catalog.http(`/categories/${child.categoryId}`);
    expect(moved.json.data.path).toEqual([b.categoryId, a.categoryId, child.categoryId]);
    for (const [id, path] of [
      [a.categoryId, [b.categoryId, a.categoryId]],
      [child.categoryId, [b.categoryId, a.categoryId, child.categoryId]],
    ] as const)
      expect(await catalog.events(id)).toMatchObject([
        { topic: "category.changed", data: { aggregateVersion: "1" } },
        { topic: "category.changed", data: { aggregateVersion: "2", category: { path, version: "2" } } },
      ]);
  });

  it("that are renamed are announced, and those below them are not", async () => {
    const a = await category();
    const child = await category(a.categoryId);
    await send("PUT", `/categories/${a.categoryId}`, { version: a.version, name: "Renamed", slug: a.slug });
    expect(await catalog.events(a.categoryId)).toMatchObject([{}, { data: { category: { name: "Renamed" } } }]);
    expect(await catalog.events(child.categoryId)).toHaveLength(1);
  });

  it("are deleted empty only, and named once", async () => {
    const parent = await category();
    const child = await category(parent.categoryId);
    expect(await send("DELETE", `/categories/${parent.categoryId}`)).toMatchObject({
      json: { error: "catalog.category_in_use" },
    });
    expect((await send("DELETE", `/categories/${child.categoryId}`)).status).toBe(200);
    expect((await send("DELETE", `/categories/${parent.categoryId}`)).status).toBe(200);
    const { slug: used } = await category();
    expect(await send("POST", "/categories", { name: "C", slug: used })).toMatchObject({
      status: 409,
      json: { error: "catalog.slug_taken" },
    });
  });
});

describe("sellers", () => {
  it("rename themselves, and neither make, suspend nor reinstate a seller", async () => {
    const { sellerId, version, slug: of } = await seller();
    const [owner, thief] = [await catalog.tokens.seller(sellerId), await catalog.tokens.seller()];
    const put = (status: string, on: string, as = staff) =>
      send(
        "PUT",
        `/sellers/${sellerId}`,
        { version: on, name: "Renamed", slug: of, status: `SELLER_STATUS_${status}` },
        as,
      );
    const before = await catalog.fingerprint();
    expect((await send("POST", "/sellers", { name: "Me", slug: slug("s") }, owner)).status).toBe(403);
    expect((await put("ACTIVE", version, thief)).status).toBe(404);
    expect((await put("SUSPENDED", version, owner)).status).toBe(403);
    expect(await catalog.fingerprint()).toEqual(before);
    expect((await put("ACTIVE", version, owner)).status).toBe(200);
    expect((await put("SUSPENDED", "2")).status).toBe(200);
    expect((await put("ACTIVE", "3", owner)).status).toBe(403);
    expect((await put("ACTIVE", "2", owner)).status).toBe(409);
    expect(await send("POST", "/products", { sellerId, product: input() }, owner)).toMatchObject({
      json: { error: "catalog.seller_suspended" },
    });
  });

  it("are announced with every change, by their own versions", async () => {
    const { sellerId, slug: of } = await seller();
    await send(
      "PUT",
      `/sellers/${sellerId}`,
      { version: "1", name: "Lindencraft", slug: of, status: "SELLER_STATUS_SUSPENDED" },
      staff,
    );
    expect(await catalog.events(sellerId)).toMatchObject([
      { topic: "seller.changed", data: { aggregateVersion: "1", seller: { status: "SELLER_STATUS_ACTIVE" } } },
      { topic: "seller.changed", data: { aggregateVersion: "2", seller: { status: "SELLER_STATUS_SUSPENDED" } } },
    ]);
  });
});

describe("listings", () => {
  const listing = async (productId: string) => (await catalog.http(`/listings/${productId}`)).json.data;

  it("take the newest price and stock, in whatever order and however often they come", async () => {
    const { productId } = await product((await seller()).sellerId);
    const [first, last] = [newId(), newId()];
    await priced(productId, 900n, 3n, last);
    await priced(productId, 1_000n, 1n, first);
    await stocked(productId, 4, 5n);
    await stocked(productId, 9, 4n);
    expect(await priced(productId, 900n, 3n, last)).toBe("ack");
    expect(await listing(productId)).toMatchObject({ price: { amountMinor: "900" }, available: 4 });
    await priced(productId, 800n, 4n);
    expect(await listing(productId)).toMatchObject({ price: { amountMinor: "800" } });
  });

  it("cost the worker one statement for an event, new, old or again", async () => {
    const { productId } = await product((await seller()).sellerId);
    const [price, stock] = [newId(), newId()];
    const events = [
      () => priced(productId, 900n, 3n, price),
      () => priced(productId, 900n, 3n, price),
      () => priced(productId, 800n, 2n),
      () => stocked(productId, 4, 5n, stock),
      () => stocked(productId, 4, 5n, stock),
      () => stocked(productId, 3, 4n),
    ];
    for (const event of events) {
      const said = await countStatements(event);
      // The wake-up of the outbox that the product left may fall among them.
      expect(said.filter((text) => !text.includes("pg_notify"))).toHaveLength(1);
    }
    expect(await listing(productId)).toMatchObject({ price: { amountMinor: "900" }, available: 4 });
  });

  it("know what came before its product", async () => {
    const { sellerId } = await seller();
    const { productId } = await product(sellerId, { status: "PRODUCT_STATUS_DRAFT" });
    await Promise.all([priced(productId, 500n), stocked(productId, 1)]);
    expect((await catalog.http(`/listings/${productId}`)).status).toBe(404);
    const { json } = await catalog.http(`/products/${productId}`, { as: staff });
    await send("PUT", `/products/${productId}`, { version: "1", product: { sku: json.data.sku, name: "Mug" } });
    expect(await listing(productId)).toMatchObject({ price: { amountMinor: "500" }, available: 1 });
  });

  it("are filtered, sorted and paged as a shop needs it", async () => {
    const top = await category();
    const below = await category(top.categoryId);
    const { sellerId } = await seller();
    const ids: string[] = [];
    for (const [name, minor, available] of [
      ["Red mug", 300n, 0],
      ["Blue mug", 100n, 2],
      ["Plate 100%", 200n, 2],
    ] as const) {
      const { productId } = await product(sellerId, { name, categoryId: below.categoryId });
      await priced(productId, minor);
      await stocked(productId, available);
      ids.push(productId);
    }
    const [red, blue, plate] = ids;
    const find = async (query: string) => {
      const { json } = await catalog.http(`/listings?categoryId=${top.categoryId}&${query}`);
      return (json.data.listings ?? []).map((one: { productId: string }) => one.productId);
    };
    expect(await find("sort=LISTING_SORT_PRICE_ASCENDING")).toEqual([blue, plate, red]);
    expect(await find("sort=LISTING_SORT_PRICE_DESCENDING")).toEqual([red, plate, blue]);
    expect(await find("sort=LISTING_SORT_NEWEST")).toEqual([plate, blue, red]);
    expect(await find("inStockOnly=true")).toEqual([blue, plate]);
    expect(await find("query=mug")).toEqual([blue, red]);
    expect(await find("query=%25")).toEqual([plate]);
    expect(await find("currencyCode=USD")).toEqual([]);
    const seen: string[] = [];
    let cursor = "";
    do {
      const at = `sort=LISTING_SORT_PRICE_ASCENDING&page.limit=1${cursor && `&page.cursor=${cursor}`}`;
      const { json } = await catalog.http(`/listings?categoryId=${top.categoryId}&${at}`);
      seen.push(...json.data.listings.map((one: { productId: string }) => one.productId));
      cursor = json.data.page.nextCursor ?? "";
    } while (cursor);
    expect(seen).toEqual([blue, plate, red]);
  });
});
