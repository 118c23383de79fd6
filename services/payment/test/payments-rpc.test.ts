import { newId } from "@tandem/kernel";
import type { Authorization } from "@tandem/testkit/tokens";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type Harness, startHarness, testOrder, updated } from "./harness.ts";

let payment: Harness;
let staff: Authorization;
let service: Authorization;
const ada = newId();
let adas: Authorization;
beforeAll(async () => {
  payment = await startHarness();
  staff = await payment.tokens.as("staff");
  service = await payment.tokens.service("order");
  adas = await payment.tokens.customer(ada);
});
afterAll(() => payment[Symbol.asyncDispose]());

const eur = (amountMinor: unknown) => ({ currencyCode: "EUR", amountMinor });
const as = (token: Authorization, more: Record<string, string> = {}) => ({ headers: { ...token, ...more } });
const post = (path: string, token: Authorization, body: object = {}, more: Record<string, string> = {}) =>
  payment.http(path, { method: "POST", body, ...as(token, more) });
const get = (path: string, token: Authorization) => payment.http(path, as(token));
const wish = (over: object = {}) => ({
  orderId: newId(),
  customerId: ada,
  amount: eur("6462"),
  method: { card: { token: "tok_visa" } },
  ...over,
});

/** A payment of Ada's in the given state. */
const made = async (state: "authorized" | "captured"): Promise<string> => {
  const order = { ...testOrder(), customerId: ada };
  await payment.deliver(...updated(order, "STOCK_RESERVED"));
  await payment.until(order.orderId, "payment.authorized");
  if (state === "captured") {
    await payment.deliver(...updated(order, "SHIPPED"));
    await payment.until(order.orderId, "payment.captured");
  }
  return (await payment.paymentRow(order.orderId))?.id ?? "";
};
const orderOf = async (paymentId: string): Promise<string> =>
  (await get(`/payments/${paymentId}`, staff)).json.orderId as string;

describe("operations", () => {
  it("authorize, capture in part, and refund in parts, none more than there is", async () => {
    const body = wish();
    const first = await post("/payments", service, body);
    expect(first).toMatchObject({ status: 200, json: { status: "PAYMENT_STATUS_PENDING", orderId: body.orderId } });
    expect((await post("/payments", service, body)).json.paymentId).toBe(first.json.paymentId);
    await payment.until(body.orderId, "payment.authorized");
    const path = `/payments/${first.json.paymentId}`;
    expect(await post(`${path}/capture`, staff, { amount: eur("6463") })).toMatchObject({
      json: { error: "payment.amount_exceeded" },
    });
    expect((await post(`${path}/capture`, staff, { amount: eur("5000") })).status).toBe(200);
    await payment.until(body.orderId, "payment.captured");
    expect((await post(`${path}/capture`, staff)).json).toMatchObject({ captured: eur("5000") });
    expect((await post(`${path}/refunds`, staff, { amount: eur("2000"), reason: "scratched" })).status).toBe(200);
    await payment.until(body.orderId, "payment.refunded");
    expect(await post(`${path}/refunds`, staff, { amount: eur("3001"), reason: "more" })).toMatchObject({
      json: { error: "payment.amount_exceeded" },
    });
    expect((await post(`${path}/refunds`, staff, { reason: "the rest" })).status).toBe(200);
    await payment.until(body.orderId, "payment.refunded", 2);
    expect((await get(path, adas)).json).toMatchObject({
      status: "PAYMENT_STATUS_REFUNDED",
      refunded: eur("5000"),
      refunds: [
        { amount: eur("2000"), reason: "scratched", status: "REFUND_STATUS_SUCCEEDED" },
        { amount: eur("3000"), reason: "the rest", status: "REFUND_STATUS_SUCCEEDED" },
      ],
    });
    expect(await post(`${path}/refunds`, staff, { reason: "again" })).toMatchObject({
      json: { error: "payment.transition_invalid" },
    });
  });

  it("refund once under one Idempotency-Key, and refuse a second wish while one is under way", async () => {
    const id = await made("captured");
    const key = { "idempotency-key": newId() };
    const body = { amount: eur("100"), reason: "late" };
    const answers = await Promise.all([1, 2, 3].map(() => post(`/payments/${id}/refunds`, staff, body, key)));
    expect(answers.map(({ status }) => status)).toContain(200);
    await payment.until(await orderOf(id), "payment.refunded");
    expect((await post(`/payments/${id}/refunds`, staff, body, key)).status).toBe(200);
    expect((await get(`/payments/${id}`, staff)).json.refunds).toHaveLength(1);
    const [one, two] = await Promise.all([1, 2].map(() => post(`/payments/${id}/refunds`, staff, body)));
    const refused = [one, two].filter((answer) => answer?.status === 409);
    // Either the first was done before the second asked, or the second was told: never accepted and lost.
    for (const answer of refused) expect(answer?.json).toMatchObject({ error: "payment.operation_in_progress" });
    await payment.until(await orderOf(id), "payment.refunded", 3 - refused.length);
    expect((await get(`/payments/${id}`, staff)).json.refunds).toHaveLength(3 - refused.length);
  });

  it("void once, and leave nothing to capture", async () => {
    const id = await made("authorized");
    expect((await post(`/payments/${id}/void`, staff, { reason: "changed mind" })).status).toBe(200);
    await payment.until(await orderOf(id), "payment.refunded");
    expect(await post(`/payments/${id}/void`, staff)).toMatchObject({ json: { status: "PAYMENT_STATUS_VOIDED" } });
    expect(await post(`/payments/${id}/capture`, staff)).toMatchObject({
      status: 409,
      json: { error: "payment.transition_invalid" },
    });
  });

  it("refuse another amount or method for an order that has its payment", async () => {
    const body = wish({ method: { cod: {} } });
    await post("/payments", service, body);
    for (const over of [{ amount: eur("1") }, { method: { card: { token: "tok_visa" } } }]) {
      expect(await post("/payments", service, { ...body, ...over })).toMatchObject({
        status: 409,
        json: { error: "payment.already_exists" },
      });
    }
  });

  it("pay cash back without a provider, and show it", async () => {
    const order = { ...testOrder("", "COD"), customerId: ada };
    await payment.deliver(...updated(order, "STOCK_RESERVED"));
    await payment.deliver(...updated(order, "DELIVERED"));
    const id = (await payment.paymentRow(order.orderId))?.id;
    await post(`/payments/${id}/refunds`, staff, { amount: eur("62"), reason: "dent" });
    await payment.until(order.orderId, "payment.refunded");
    expect((await get(`/payments/${id}`, adas)).json).toMatchObject({
      status: "PAYMENT_STATUS_PARTIALLY_REFUNDED",
      refunds: [{ amount: eur("62") }],
    });
  });
});

describe("ownership", () => {
  it("shows a customer only their own, and tells nothing about others'", async () => {
    const id = await made("captured");
    const stranger = await payment.tokens.customer();
    expect((await get(`/payments/${id}`, adas)).status).toBe(200);
    const foreign = await get(`/payments/${id}`, stranger);
    const unknownId = newId();
    const unknown = await get(`/payments/${unknownId}`, stranger);
    const shape = (text: string) =>
      text
        .replaceAll(id, "ID")
        .replaceAll(unknownId, "ID")
        .replace(/"traceId":"\w+"/, "");
    expect(foreign.status).toBe(404);
    expect(shape(foreign.text)).toBe(shape(unknown.text));
    expect((await get(`/payments?customerId=${ada}`, stranger)).json.payments).toEqual([]);
    expect((await get("/payments", adas)).json.payments.map((one: { customerId: string }) => one.customerId)).toEqual(
      expect.arrayContaining([ada]),
    );
    const batch = await post("/payments/batch-get", stranger, { paymentIds: [id, newId()] });
    expect(batch.json.results).toMatchObject([
      { error: { slug: "payment.not_found" } },
      { error: { slug: "payment.not_found" } },
    ]);
    expect((await post("/payments/batch-get", staff, { paymentIds: [id] })).json.results).toMatchObject([
      { payment: { paymentId: id } },
    ]);
  });

  it("shows nobody's payments to a customer's token that names no customer", async () => {
    const token = await payment.tokens.mint({ subject: "somebody' or 1=1", roles: ["customer"] });
    const answer = await payment.http("/payments", { headers: { authorization: `Bearer ${token}` } });
    expect(answer.status).toBe(200);
    expect(answer.json.payments).toEqual([]);
  });

  it("never shows a card's token", async () => {
    const order = { ...testOrder("tok_late"), customerId: ada };
    await payment.deliver(...updated(order, "STOCK_RESERVED"));
    expect((await get(`/payments?orderId=${order.orderId}`, staff)).text).not.toContain("tok_");
  });

  it("lets customers, sellers and operators move no money", async () => {
    const id = await made("authorized");
    const others = [adas, await payment.tokens.seller(), await payment.tokens.as("operator")];
    for (const token of others) {
      expect((await post("/payments", token, wish())).status).toBe(403);
      expect((await post(`/payments/${id}/capture`, token)).status).toBe(403);
      expect((await post(`/payments/${id}/void`, token)).status).toBe(403);
      expect((await post(`/payments/${id}/refunds`, token, { reason: "mine" })).status).toBe(403);
    }
    expect((await get(`/settlements`, adas)).status).toBe(403);
    expect((await payment.http(`/payments/${id}`)).status).toBe(401);
    const forged = await payment.tokens.forged({ subject: "x", roles: ["staff"] });
    expect((await payment.http(`/payments/${id}`, { headers: { authorization: `Bearer ${forged}` } })).status).toBe(
      401,
    );
    expect((await get(`/payments/${id}`, staff)).json.status).toBe("PAYMENT_STATUS_AUTHORIZED");
  });
});

describe("hostile input", () => {
  const MAX = "9223372036854775807";
  it.each<[string, object]>([
    ["no amount", { amount: undefined }],
    ["nothing to pay", { amount: eur("0") }],
    ["less than nothing", { amount: eur("-1") }],
    ["beyond int64", { amount: eur("9223372036854775808") }],
    ["a fraction", { amount: eur(19.99) }],
    ["words", { amount: eur("many") }],
    ["an unknown currency", { amount: { currencyCode: "eur", amountMinor: "1" } }],
    ["no method", { method: undefined }],
    ["two methods", { method: { card: { token: "tok_visa" }, cod: {} } }],
    ["a card's number for its token", { method: { card: { token: "4111111111111111" } } }],
    ["a character that no database stores", { method: { card: { token: "tok_\u0000" } } }],
    ["an order that is none", { orderId: "1' or '1'='1" }],
    ["a customer that is none", { customerId: "" }],
    ["a status of its own", { status: "PAYMENT_STATUS_CAPTURED" }],
  ])("authorizing with %s is refused and leaves nothing", async (_, over) => {
    const body = wish(over);
    expect((await post("/payments", service, body)).status).toBe(400);
    expect(await payment.paymentRow(body.orderId.length === 36 ? body.orderId : newId())).toBeUndefined();
  });

  it("of the largest amount there is does not overflow", async () => {
    const most = eur("1000000000000000");
    const body = wish({ amount: most, method: { cod: {} } });
    expect(await post("/payments", service, body)).toMatchObject({ status: 200, json: { amount: most } });
  });

  it.each<[string, object]>([
    ["no reason", {}],
    ["an endless reason", { reason: "r".repeat(501) }],
    ["a reason that no database stores", { reason: "a\u0000b" }],
    ["nothing", { amount: eur("0"), reason: "r" }],
    ["less than nothing", { amount: eur("-5"), reason: "r" }],
    ["more than was taken", { amount: eur(MAX), reason: "r" }],
    ["another currency", { amount: { currencyCode: "USD", amountMinor: "1" }, reason: "r" }],
  ])("refunding with %s is refused", async (_, body) => {
    const id = await made("captured");
    const { status } = await post(`/payments/${id}/refunds`, staff, body);
    expect(status).toBe(400);
    expect((await get(`/payments/${id}`, staff)).json.refunds).toEqual([]);
  });

  it("in lists and batches is refused", async () => {
    for (const path of [
      "/payments?customerId=1'--",
      "/payments?status=99",
      "/payments?page.cursor=%00",
      "/payments/not-an-id",
      "/settlements?currencyCode=euro",
      "/settlements/1",
    ]) {
      expect([path, (await get(path, staff)).status]).toEqual([path, 400]);
    }
    const tooMany = { paymentIds: Array.from({ length: 101 }, newId) };
    expect((await post("/payments/batch-get", staff, tooMany)).status).toBe(400);
    expect((await post("/payments/batch-get", staff, { paymentIds: [] })).status).toBe(400);
    expect(await get(`/settlements/${newId()}`, staff)).toMatchObject({
      status: 404,
      json: { error: "payment.settlement_not_found" },
    });
  });

  it("pages through payments with a cursor, each once", async () => {
    const owner = newId();
    for (let n = 0; n < 3; n += 1) await post("/payments", service, wish({ customerId: owner, method: { cod: {} } }));
    const first = await get(`/payments?customerId=${owner}&page.limit=2`, staff);
    expect(first.json.payments).toHaveLength(2);
    const next = await get(
      `/payments?customerId=${owner}&page.limit=2&page.cursor=${first.json.page.nextCursor}`,
      staff,
    );
    const ids = [...first.json.payments, ...next.json.payments].map((one: { paymentId: string }) => one.paymentId);
    expect(new Set(ids).size).toBe(3);
  });
});
