import { newId } from "@tandem/kernel";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { address, card, type Harness, orderBody, startHarness } from "./harness.ts";

let order: Harness;
const customerId = newId();
let productId: string;
let foreign: string;
beforeAll(async () => {
  order = await startHarness();
  ({ productId } = order.sell());
  foreign = order.sell(1_000n, newId(), "USD").productId;
  const body = orderBody([order.sell()]);
  await order.http("/orders", { method: "POST", as: order.tokens.customer(customerId), body });
});
afterAll(() => order[Symbol.asyncDispose]());

const MAX = "9223372036854775807";
const lines = (quantity: unknown, id: unknown = productId) => [{ productId: id, quantity }];
const eur = (amountMinor: unknown) => ({ currencyCode: "EUR", amountMinor });

/** What is wrong, the order that has it, the status and, where it is our own, the slug. */
type Attack = [what: string, over: () => object, status: number, error?: string];
const orders: Attack[] = [
  ["no lines", () => ({ lines: [] }), 400],
  ["lines that are null", () => ({ lines: null }), 400],
  ["lines that are text", () => ({ lines: "all" }), 400],
  ["no pieces", () => ({ lines: lines(0) }), 400],
  ["minus one piece", () => ({ lines: lines(-1) }), 400],
  ["a thousand pieces", () => ({ lines: lines(1000) }), 400],
  ["more pieces than int32", () => ({ lines: lines(2 ** 31) }), 400],
  ["half a piece", () => ({ lines: lines(0.5) }), 400],
  ["pieces in words", () => ({ lines: lines("many") }), 400],
  ["one product twice", () => ({ lines: [...lines(1), ...lines(1)] }), 400],
  [
    "a hundred and one lines",
    () => ({ lines: Array.from({ length: 101 }, () => ({ productId: newId(), quantity: 1 })) }),
    400,
  ],
  ["a product id that is none", () => ({ lines: lines(1, "1' or '1'='1") }), 400],
  ["an unknown product", () => ({ lines: lines(1, newId()) }), 404, "pricing.product_unknown"],
  ["a product in a foreign currency", () => ({ lines: lines(1, foreign) }), 404, "pricing.price_not_found"],
  ["a currency in small letters", () => ({ currencyCode: "eur" }), 400],
  ["a currency as a number", () => ({ currencyCode: 978 }), 400],
  ["a price of its own", () => ({ lines: [{ productId, quantity: 1, unitPrice: eur(1) }] }), 400],
  ["a status of its own", () => ({ status: "ORDER_STATUS_COMPLETED" }), 400],
  ["a negative expected total", () => ({ expectedTotal: eur("-1") }), 409, "order.total_changed"],
  ["an expected total at the end of int64", () => ({ expectedTotal: eur(MAX) }), 400],
  ["an expected total beyond int64", () => ({ expectedTotal: eur("9223372036854775808") }), 400],
  ["an expected total with a fraction", () => ({ expectedTotal: eur(19.99) }), 400],
  ["an expected total in a foreign currency", () => ({ expectedTotal: { currencyCode: "USD", amountMinor: 1 } }), 400],
  ["no address", () => ({ shippingAddress: undefined }), 400],
  ["an address without a street", () => ({ shippingAddress: { ...address, line1: "" } }), 400],
  ["a country in words", () => ({ shippingAddress: { ...address, countryCode: "Germany" } }), 400],
  ["a character that no database stores", () => ({ shippingAddress: { ...address, city: "Ber\u0000lin" } }), 400],
  ["notes with such a character", () => ({ notes: "a\u0000b" }), 400],
  ["notes beyond measure", () => ({ notes: "n".repeat(1001) }), 400],
  ["no payment method", () => ({ paymentMethod: undefined }), 400],
  ["two payment methods", () => ({ paymentMethod: { ...card, cod: {} } }), 400],
  ["a card's number for its token", () => ({ paymentMethod: { card: { token: "4111111111111111" } } }), 400],
  ["a voucher with a quotation mark", () => ({ voucherCode: "A';--" }), 400],
  ["another customer", () => ({ customerId: newId() }), 403, "auth.not_owner"],
];

const refused = async (
  answer: Promise<{ status: number; text: string; json: unknown }>,
  status: number,
  error?: string,
) => {
  const { text, ...rest } = await answer;
  expect(rest).toMatchObject({ status, json: error ? { error } : { message: expect.any(String) } });
  expect(text).not.toMatch(/at \S+ \(|node_modules|select |insert /);
};

describe("orders that are refused, changing nothing", () => {
  it.each<Attack>(orders)("%s", async (_what, over, status, error) => {
    const before = await order.fingerprint();
    const body = { ...orderBody([]), lines: lines(1), ...over() };
    await refused(
      order.http("/orders", { method: "POST", as: order.tokens.customer(customerId), body }),
      status,
      error,
    );
    expect(await order.fingerprint()).toEqual(before);
  });

  it.each([
    ["half a document", '{"lines": ['],
    ["no JSON", "hello"],
    ["a list", "[]"],
    ["null", "null"],
    ["nothing", ""],
    ["a key of the prototype", '{"__proto__": {"customerId": "x"}}'],
  ])("%s", async (_what, body) => {
    const before = await order.fingerprint();
    await refused(order.http("/orders", { method: "POST", as: order.tokens.customer(customerId), body }), 400);
    expect(await order.fingerprint()).toEqual(before);
  });

  it("a body beyond the limit", async () => {
    const before = await order.fingerprint();
    const body = JSON.stringify({ ...orderBody([]), notes: "n".repeat(1_200_000) });
    const answer = await order.http("/orders", { method: "POST", as: order.tokens.customer(customerId), body });
    expect([413, 429]).toContain(answer.status);
    expect(await order.fingerprint()).toEqual(before);
  });

  it("a total that leaves int64", async () => {
    const before = await order.fingerprint();
    const much = order.sell(9_000_000_000_000_000_000n);
    const body = orderBody([much]);
    const answer = await order.http("/orders", { method: "POST", as: order.tokens.customer(customerId), body });
    expect(answer.status).toBeGreaterThanOrEqual(400);
    expect(await order.fingerprint()).toEqual(before);
  });
});

describe("callers that are refused, changing nothing", () => {
  const claims = { subject: customerId, roles: ["customer" as const], customerId };
  it.each([
    ["none", async () => "", 401],
    ["an expired token", () => order.tokens.expired(claims), 401],
    ["a forged token", () => order.tokens.forged(claims), 401],
    ["half a token", async () => (await order.tokens.mint(claims)).slice(0, 40), 401],
    ["a customer's token without a customer", () => order.tokens.mint({ subject: "x", roles: ["customer"] }), 400],
    ["a seller", () => order.tokens.mint({ subject: "x", roles: ["seller"], sellerId: newId() }), 403],
    ["an operator, who changes nothing", () => order.tokens.mint({ subject: "x", roles: ["operator"] }), 403],
  ])("%s", async (_who, tokenOf, status) => {
    const before = await order.fingerprint();
    const token = await tokenOf();
    const headers: Record<string, string> = token ? { authorization: `Bearer ${token}` } : {};
    const body = { ...orderBody([]), lines: lines(1) };
    await refused(order.http("/orders", { method: "POST", headers, body }), status);
    expect(await order.fingerprint()).toEqual(before);
  });

  it("a customer who cancels in batches, and one who wants a seller's dashboard", async () => {
    const as = await order.tokens.customer(customerId);
    await refused(order.http("/orders/batch-cancel", { method: "POST", as, body: { orderIds: [newId()] } }), 403);
    await refused(order.http(`/sellers/${newId()}/dashboard`, { as }), 403);
  });
});

describe("questions that are refused", () => {
  const forged = (key: readonly unknown[]) =>
    Buffer.from(JSON.stringify([1, "orders:created_desc", ...key])).toString("base64url");
  it.each([
    ["an id that is none", "/orders/1%27%20or%201=1"],
    ["a cursor that is none", "/orders?page.cursor=nonsense"],
    [
      "a cursor of another list",
      `/orders?page.cursor=${Buffer.from('[1,"products:id_desc","x"]').toString("base64url")}`,
    ],
    ["a cursor with a made-up time", `/orders?page.cursor=${forged(["tomorrow", newId()])}`],
    ["a cursor with a made-up id", `/orders?page.cursor=${forged(["2026-01-01T00:00:00.000Z", "x"])}`],
    ["a limit beyond the limit", "/orders?page.limit=201"],
    ["a negative offset", "/orders?page.offset=-1"],
    ["cursor and offset at once", `/orders?page.offset=1&page.cursor=${forged(["2026-01-01T00:00:00.000Z", newId()])}`],
    ["a status that is none", "/orders?status=99"],
    ["a field that is none", "/orders?where=1"],
  ])("%s", async (_what, path) => {
    await refused(order.http(path, { as: order.tokens.customer(customerId) }), 400);
  });

  it.each([
    ["none", []],
    ["a hundred and one", Array.from({ length: 101 }, () => newId())],
    ["no ids", ["x"]],
    ["the same twice", ["018f0000-0000-7000-8000-000000000001", "018f0000-0000-7000-8000-000000000001"]],
  ])("a batch of %s", async (_what, orderIds) => {
    const as = order.tokens.customer(customerId);
    await refused(order.http("/orders/batch-get", { method: "POST", as, body: { orderIds } }), 400);
  });
});
