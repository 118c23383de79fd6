import { newId } from "@tandem/kernel";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type Harness, startHarness } from "./harness.ts";

let warehouse: Harness;
let staff: { readonly authorization: string };
let service: { readonly authorization: string };
beforeAll(async () => {
  warehouse = await startHarness();
  staff = await warehouse.tokens.as("staff");
  service = await warehouse.tokens.service("order");
});
afterAll(() => warehouse[Symbol.asyncDispose]());

const send = (method: string, path: string, body?: unknown, as = staff, headers = {}) =>
  warehouse.http(path, { method, as, headers, ...(body === undefined ? {} : { body }) });
const adjust = (productId: string, delta: unknown, over: object = {}, as = staff, headers = {}) =>
  send("POST", `/stock/${productId}/adjustments`, { delta, reason: "delivery", ...over }, as, headers);
const stocked = async (pieces: number, sellerId = newId()) => {
  const productId = newId();
  expect((await adjust(productId, pieces, { sellerId })).status).toBe(200);
  return { productId, sellerId };
};
const stockOf = async (productId: string) => (await warehouse.http(`/stock/${productId}`, { as: staff })).json.data;
const reserve = (orderId: string, productId: string, quantity: unknown, over: object = {}) =>
  send("POST", "/reservations", { orderId, lines: [{ productId, quantity }], ...over }, service);

describe("stock", () => {
  it("is adjusted, explained by its ledger, and announced", async () => {
    const { productId } = await stocked(7);
    expect(await adjust(productId, -2, { reason: "broken" })).toMatchObject({
      json: { data: { onHand: 5, available: 5 } },
    });
    const { json } = await warehouse.http(`/stock/${productId}/movements`, { as: staff });
    expect(json.data.movements).toMatchObject([
      { onHandDelta: -2, reference: "broken" },
      { onHandDelta: 7, reference: "delivery" },
    ]);
    expect(await warehouse.topics(productId)).toEqual(["stock.changed", "stock.changed"]);
  });

  it("is adjusted once, however often the same key is sent", async () => {
    const { productId } = await stocked(1);
    const key = { "idempotency-key": newId() };
    for (let n = 0; n < 3; n += 1) expect((await adjust(productId, 4, {}, staff, key)).status).toBe(200);
    expect(await stockOf(productId)).toMatchObject({ onHand: 5 });
  });

  it("loses nothing when twenty adjust it at once", async () => {
    const { productId } = await stocked(10);
    await Promise.all(Array.from({ length: 20 }, () => adjust(productId, 1)));
    expect(await stockOf(productId)).toMatchObject({ onHand: 30 });
  });

  it("keeps what is promised, and what a column can hold", async () => {
    const { productId } = await stocked(5);
    await reserve(newId(), productId, 4);
    expect(await adjust(productId, -2)).toMatchObject({ status: 409, json: { error: "warehouse.insufficient_stock" } });
    await warehouse.database.query("update stock set on_hand = 2147483647 where product_id = $1", [productId]);
    expect(await adjust(productId, 1)).toMatchObject({ status: 400, json: { error: "request.invalid" } });
  });

  it("is its seller's: for another there is none", async () => {
    const { productId, sellerId } = await stocked(3);
    const [owner, thief] = [await warehouse.tokens.seller(sellerId), await warehouse.tokens.seller()];
    const before = await warehouse.fingerprint();
    for (const id of [productId, newId()]) {
      expect(await warehouse.http(`/stock/${id}`, { as: thief })).toMatchObject({
        status: 404,
        json: { error: "warehouse.stock_not_found" },
      });
      expect((await warehouse.http(`/stock/${id}/movements`, { as: thief })).status).toBe(404);
      expect((await adjust(id, 1, { sellerId }, thief)).status).toBe(404);
    }
    expect(await send("POST", "/stock/batch-get", { productIds: [productId] }, thief)).toMatchObject({
      json: { data: { results: [{ error: { slug: "warehouse.stock_not_found" } }] } },
    });
    expect((await warehouse.http(`/stock?sellerId=${sellerId}`, { as: thief })).status).toBe(403);
    expect((await warehouse.http("/stock", { as: thief })).json.data.stocks ?? []).toEqual([]);
    expect(await warehouse.fingerprint()).toEqual(before);
    expect((await warehouse.http("/stock", { as: owner })).json.data.stocks).toMatchObject([{ productId }]);
    expect((await adjust(productId, 1, {}, owner)).status).toBe(200);
  });

  it("answers batches item by item", async () => {
    const { productId, sellerId } = await stocked(1);
    const unknown = newId();
    const owner = await warehouse.tokens.seller(sellerId);
    const adjustments = [
      { productId, delta: 2, reason: "count" },
      { productId: unknown, delta: 1, reason: "count" },
    ];
    expect((await send("POST", "/stock/batch-adjust", { adjustments }, owner)).json.data.results).toMatchObject([
      { productId, stock: { onHand: 3 } },
      { productId: unknown, error: { slug: "warehouse.stock_not_found" } },
    ]);
    expect(
      (await send("POST", "/stock/batch-get", { productIds: [unknown, productId] })).json.data.results,
    ).toMatchObject([
      { productId: unknown, error: { slug: "warehouse.stock_not_found" } },
      { productId, stock: { onHand: 3 } },
    ]);
  });

  it("is listed by cursor without a gap or a repeat, and by offset with a total", async () => {
    const sellerId = newId();
    const ids: string[] = [];
    for (let n = 0; n < 5; n += 1) ids.push((await stocked(1, sellerId)).productId);
    const seen: string[] = [];
    let cursor = "";
    do {
      const at = cursor && `&page.cursor=${cursor}`;
      const { json } = await warehouse.http(`/stock?sellerId=${sellerId}&page.limit=2${at}`, { as: staff });
      seen.push(...json.data.stocks.map((one: { productId: string }) => one.productId));
      cursor = json.data.page.nextCursor ?? "";
    } while (cursor);
    expect(seen).toEqual(ids);
    const { json } = await warehouse.http(`/stock?sellerId=${sellerId}&page.limit=2&page.offset=4`, { as: staff });
    expect(json.data).toMatchObject({ stocks: [{ productId: ids[4] }], page: { total: "5" } });
  });
});

describe("reservations by call", () => {
  it("promise once, give back once, and are the services' alone", async () => {
    const { productId } = await stocked(3);
    const orderId = newId();
    for (let n = 0; n < 2; n += 1)
      expect(await reserve(orderId, productId, 2)).toMatchObject({
        json: { data: { status: expect.stringContaining("HELD") } },
      });
    expect(await stockOf(productId)).toMatchObject({ reserved: 2 });
    expect((await send("DELETE", `/reservations/${orderId}`)).status).toBe(403);
    for (let n = 0; n < 2; n += 1)
      expect((await send("DELETE", `/reservations/${orderId}`, undefined, service)).status).toBe(200);
    expect(await stockOf(productId)).toMatchObject({ onHand: 3, available: 3 });
    expect(await warehouse.topics(orderId)).toEqual(["stock.reserved", "stock.released"]);
    expect((await send("DELETE", `/reservations/${newId()}`, undefined, service)).status).toBe(404);
  });

  it("sell the last piece to exactly one of ten", async () => {
    const { productId } = await stocked(1);
    const answers = await Promise.all(Array.from({ length: 10 }, () => reserve(newId(), productId, 1)));
    expect(answers.filter(({ json }) => json.data.status.includes("HELD"))).toHaveLength(1);
  });
});

describe("what is refused, changing nothing", () => {
  it.each([
    ["nothing", 0],
    ["half a piece", 0.5],
    ["pieces in words", "many"],
    ["more than a million", 1_000_001],
    ["more than int32", 2 ** 31],
    ["null", null],
    ["a list", [1]],
  ])("an adjustment by %s", async (_what, delta) => {
    const { productId } = await stocked(1);
    const before = await warehouse.fingerprint();
    expect((await adjust(productId, delta)).status).toBe(400);
    expect((await reserve(newId(), productId, delta)).status).toBe(400);
    expect(await warehouse.fingerprint()).toEqual(before);
  });

  it.each([
    ["a negative reservation", { lines: [{ productId: newId(), quantity: -1 }] }],
    ["a reservation of nothing", { lines: [] }],
    ["one that ended yesterday", { expiresAt: "2020-01-01T00:00:00Z" }],
    ["one for ever", { expiresAt: "2199-01-01T00:00:00Z" }],
    ["a field of its own", { status: "RESERVATION_STATUS_COMMITTED" }],
    ["an order id that is none", { orderId: "x" }],
  ])("%s", async (_what, over) => {
    const before = await warehouse.fingerprint();
    const answer = await reserve(newId(), newId(), 1, over);
    expect(answer).toMatchObject({ status: 400, json: { message: expect.any(String) } });
    expect(answer.text).not.toMatch(/at \S+ \(|node_modules|select |insert /);
    expect(await warehouse.fingerprint()).toEqual(before);
  });

  it("broken and oversize bodies, old tokens, and callers without the permission", async () => {
    const { productId } = await stocked(1);
    const before = await warehouse.fingerprint();
    const path = `/stock/${productId}/adjustments`;
    for (const body of ['{"delta": ', "[]", "null", '{"delta": 1, "reason": "a\\u0000"}', '{"delta": 1, "reason": ""}'])
      expect((await send("POST", path, body)).status).toBe(400);
    expect([413, 429]).toContain((await adjust(productId, 1, { reason: "r".repeat(1_200_000) })).status);
    const expired = await warehouse.tokens.expired({ subject: "x", roles: ["staff"] });
    expect((await adjust(productId, 1, {}, { authorization: `Bearer ${expired}` })).status).toBe(401);
    expect((await warehouse.http(`/stock/${productId}`)).status).toBe(401);
    expect((await adjust(productId, 1, {}, await warehouse.tokens.customer())).status).toBe(403);
    expect((await adjust(newId(), 1)).status).toBe(404);
    for (const query of ["page.cursor=x", "page.limit=-1", "page.limit=201", "sellerId=x", "where=1"])
      expect((await warehouse.http(`/stock?${query}`, { as: staff })).status).toBe(400);
    expect(await warehouse.fingerprint()).toEqual(before);
  });
});
