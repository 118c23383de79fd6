import { AppError, newId } from "@tandem/kernel";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { address, card, type Harness, orderBody, startHarness } from "./harness.ts";

let order: Harness;
beforeAll(async () => {
  order = await startHarness();
});
afterAll(() => order[Symbol.asyncDispose]());

const place = (customerId: string, over: object = {}, headers: Record<string, string> = {}) =>
  order.http("/orders", {
    method: "POST",
    as: order.tokens.customer(customerId),
    body: orderBody([order.sell()], over),
    headers,
  });
const placed = async (customerId: string, over: object = {}) => {
  const { status, json } = await place(customerId, over);
  expect(status).toBe(200);
  return json.data as { orderId: string; version: string; lines: { sellerId: string }[] };
};

describe("placing an order", () => {
  it("answers PENDING with the quote's amounts, and announces it once", async () => {
    const customerId = newId();
    const answer = await place(customerId);
    expect(answer.json).toMatchObject({
      code: 0,
      data: {
        customerId,
        status: expect.stringContaining("PENDING"),
        totals: { total: { currencyCode: "EUR", amountMinor: "2000" } },
      },
    });
    expect(answer.text).not.toContain("tok_visa");
    expect(await order.topics(answer.json.data.orderId)).toEqual(["order.created"]);
  });

  it("is one order however often the same key is sent, at once or later", async () => {
    const customerId = newId();
    const body = orderBody([order.sell()]);
    const key = { "idempotency-key": newId() };
    const send = () =>
      order.http("/orders", { method: "POST", as: order.tokens.customer(customerId), body, headers: key });
    const answers = [...(await Promise.all([send(), send(), send()])), await send()];
    const ids = answers.filter(({ status }) => status === 200).map(({ json }) => json.data.orderId as string);
    expect(new Set(ids).size).toBe(1);
    for (const { status } of answers) expect([200, 409]).toContain(status);
    const { rows } = await order.database.query("select id from orders where customer_id = $1", [customerId]);
    expect(rows).toHaveLength(1);
  });

  it("tells apart two customers with the same key", async () => {
    const key = { "idempotency-key": newId() };
    const [one, other] = [await place(newId(), {}, key), await place(newId(), {}, key)];
    expect([one.status, other.status]).toEqual([200, 200]);
    expect(one.json.data.orderId).not.toBe(other.json.data.orderId);
  });

  it("refuses a total that is not the one the customer saw", async () => {
    const before = await order.fingerprint();
    const expectedTotal = { currencyCode: "EUR", amountMinor: "1999" };
    expect(await place(newId(), { expectedTotal })).toMatchObject({ json: { error: "order.total_changed" } });
    expect(await order.fingerprint()).toEqual(before);
    expect((await place(newId(), { expectedTotal: { ...expectedTotal, amountMinor: "2000" } })).status).toBe(200);
  });

  it("stores nothing while prices cannot be had, and passes pricing's refusals on", async () => {
    const before = await order.fingerprint();
    order.breakPricing(new AppError("unavailable", "test.down", "down"));
    expect(await place(newId())).toMatchObject({ status: 503, json: { error: "order.quote_unavailable" } });
    order.breakPricing(new AppError("not_found", "pricing.voucher_not_found", "No such voucher."));
    expect(await place(newId())).toMatchObject({ status: 404, json: { error: "pricing.voucher_not_found" } });
    order.breakPricing(undefined);
    expect(await order.fingerprint()).toEqual(before);
  });

  it("lets staff order for a customer, and demands a customer of them", async () => {
    const body = orderBody([order.sell()]);
    const customerId = newId();
    const as = order.tokens.as("staff");
    expect(await order.http("/orders", { method: "POST", as, body: { ...body, customerId } })).toMatchObject({
      status: 200,
      json: { data: { customerId } },
    });
    expect(await order.http("/orders", { method: "POST", as, body })).toMatchObject({
      status: 400,
      json: { error: "order.customer_missing" },
    });
  });
});

describe("whose order it is", () => {
  it("hides other people's orders behind the answer for unknown ones", async () => {
    const { orderId } = await placed(newId());
    const as = await order.tokens.customer();
    const before = await order.fingerprint();
    const edit = { version: 1, shippingAddress: address, notes: "mine now" };
    for (const id of [orderId, newId()]) {
      for (const request of [
        ["GET", `/orders/${id}`, undefined],
        ["GET", `/orders/${id}/timeline`, undefined],
        ["PUT", `/orders/${id}`, edit],
        ["POST", `/orders/${id}/cancel`, {}],
        ["DELETE", `/orders/${id}`, undefined],
      ] as const) {
        const [method, path, body] = request;
        expect(await order.http(path, { method, as, ...(body ? { body } : {}) })).toMatchObject({
          status: 404,
          json: { error: "order.not_found" },
        });
      }
    }
    expect(await order.fingerprint()).toEqual(before);
  });

  it("shows an order to the seller of one of its lines, and to no other seller", async () => {
    const { orderId, lines } = await placed(newId());
    const sellerId = lines[0]?.sellerId ?? "";
    expect((await order.http(`/orders/${orderId}`, { as: order.tokens.seller(sellerId) })).status).toBe(200);
    expect((await order.http(`/orders/${orderId}`, { as: order.tokens.seller() })).status).toBe(404);
    expect(await order.http(`/orders?seller_id=${sellerId}`, { as: order.tokens.seller(sellerId) })).toMatchObject({
      json: { data: { orders: [{ orderId }] } },
    });
    expect(await order.http(`/orders?seller_id=${sellerId}`, { as: order.tokens.seller() })).toMatchObject({
      status: 403,
      json: { error: "auth.not_owner" },
    });
  });

  it("lists a customer's own orders, and nobody else's by asking", async () => {
    const [mine, theirs] = [newId(), newId()];
    const { orderId } = await placed(mine);
    await placed(theirs);
    const own = await order.http("/orders", { as: order.tokens.customer(mine) });
    expect(own.json.data.orders.map((one: { orderId: string }) => one.orderId)).toEqual([orderId]);
    const foreign = await order.http(`/orders?customer_id=${theirs}`, { as: order.tokens.customer(mine) });
    expect(foreign).toMatchObject({ status: 403, json: { error: "auth.not_owner" } });
  });
});

describe("lists and batches", () => {
  it("go on by cursor without a gap or a repeat, and by offset with a total", async () => {
    const customerId = newId();
    const ids: string[] = [];
    for (let n = 0; n < 5; n += 1) {
      ids.unshift((await placed(customerId)).orderId);
      order.clock.advance(1);
    }
    const as = await order.tokens.customer(customerId);
    const seen: string[] = [];
    let cursor = "";
    do {
      const { json } = await order.http(`/orders?page.limit=2${cursor && `&page.cursor=${cursor}`}`, { as });
      seen.push(...json.data.orders.map((one: { orderId: string }) => one.orderId));
      cursor = json.data.page.nextCursor ?? "";
    } while (cursor);
    expect(seen).toEqual(ids);
    const { json } = await order.http("/orders?page.limit=2&page.offset=3", { as });
    expect(json.data.orders.map((one: { orderId: string }) => one.orderId)).toEqual(ids.slice(3));
    expect(json.data.page.total).toBe("5");
  });

  it("answer item by item", async () => {
    const customerId = newId();
    const mine = (await placed(customerId)).orderId;
    const theirs = (await placed(newId())).orderId;
    const unknown = newId();
    const read = await order.http("/orders/batch-get", {
      method: "POST",
      as: order.tokens.customer(customerId),
      body: { orderIds: [theirs, mine, unknown] },
    });
    expect(read.json.data.results).toMatchObject([
      { orderId: theirs, error: { slug: "order.not_found" } },
      { orderId: mine, order: { orderId: mine } },
      { orderId: unknown, error: { slug: "order.not_found" } },
    ]);
    const cancelled = await order.http("/orders/batch-cancel", {
      method: "POST",
      as: order.tokens.as("staff"),
      body: { orderIds: [mine, unknown] },
    });
    expect(cancelled.json.data.results).toMatchObject([
      { orderId: mine, order: { status: expect.stringContaining("CANCELLED") } },
      { orderId: unknown, error: { slug: "order.not_found" } },
    ]);
    expect(await order.topics(mine)).toEqual(["order.created", "order.cancelled"]);
  });
});

describe("changing and cancelling", () => {
  it("edits on the version that was read, and on no other", async () => {
    const customerId = newId();
    const { orderId } = await placed(customerId);
    const as = await order.tokens.customer(customerId);
    const put = (version: number) =>
      order.http(`/orders/${orderId}`, {
        method: "PUT",
        as,
        body: { version, shippingAddress: address, notes: "ring" },
      });
    expect(await put(1)).toMatchObject({ status: 200, json: { data: { notes: "ring", version: "2" } } });
    expect(await put(1)).toMatchObject({ status: 409, json: { error: "order.version_conflict" } });
  });

  it("cancels once, however often it is asked", async () => {
    const customerId = newId();
    const { orderId } = await placed(customerId);
    const as = await order.tokens.customer(customerId);
    for (let n = 0; n < 2; n += 1) {
      expect(await order.http(`/orders/${orderId}`, { method: "DELETE", as })).toMatchObject({
        status: 200,
        json: { data: { cancellation: { reason: expect.stringContaining("CUSTOMER_REQUEST") } } },
      });
    }
    expect(await order.topics(orderId)).toEqual(["order.created", "order.cancelled"]);
  });
});

describe("a cart", () => {
  const put = (cartId: string, customerId: string, productId: string, quantity: unknown = 1, currencyCode = "EUR") =>
    order.http(`/carts/${cartId}/items/${productId}`, {
      method: "PUT",
      as: order.tokens.customer(customerId),
      body: { quantity, currencyCode },
    });
  const checkout = (cartId: string, customerId: string, over: object = {}) =>
    order.http(`/carts/${cartId}/checkout`, {
      method: "POST",
      as: order.tokens.customer(customerId),
      body: { shippingAddress: address, paymentMethod: card, ...over },
    });

  it("becomes one order, however often it is checked out", async () => {
    const [cartId, customerId] = [newId(), newId()];
    await put(cartId, customerId, order.sell().productId, 3);
    const answers = [...(await Promise.all([checkout(cartId, customerId), checkout(cartId, customerId)]))];
    answers.push(await checkout(cartId, customerId));
    expect(new Set(answers.map(({ json }) => json.data.orderId)).size).toBe(1);
    expect(await order.http(`/carts/${cartId}`, { as: order.tokens.customer(customerId) })).toMatchObject({
      json: { data: { orderId: answers[0]?.json.data.orderId } },
    });
    expect(await put(cartId, customerId, newId())).toMatchObject({ json: { error: "cart.checked_out" } });
  });

  it("is its owner's alone", async () => {
    const [cartId, customerId] = [newId(), newId()];
    await put(cartId, customerId, order.sell().productId);
    const before = await order.fingerprint();
    const thief = newId();
    const as = order.tokens.customer(thief);
    for (const answer of [
      await order.http(`/carts/${cartId}`, { as }),
      await put(cartId, thief, newId()),
      await checkout(cartId, thief),
      await order.http(`/carts/${cartId}`, { method: "DELETE", as }),
    ]) {
      expect(answer).toMatchObject({ status: 404, json: { error: "cart.not_found" } });
    }
    expect(await order.fingerprint()).toEqual(before);
  });

  it("refuses nonsense, emptiness, a second currency and a version that was not the one seen", async () => {
    const [cartId, customerId] = [newId(), newId()];
    const { productId } = order.sell();
    await put(cartId, customerId, productId);
    const before = await order.fingerprint();
    for (const quantity of [0, -1, 1000, 0.5, "many", 2 ** 40, null]) {
      expect((await put(cartId, customerId, productId, quantity)).status).toBe(400);
    }
    expect(await put(cartId, customerId, newId(), 1, "USD")).toMatchObject({
      json: { error: "cart.currency_mismatch" },
    });
    expect(await checkout(cartId, customerId, { version: 7 })).toMatchObject({
      json: { error: "cart.version_conflict" },
    });
    expect(await order.fingerprint()).toEqual(before);
    await order.http(`/carts/${cartId}/items/${productId}`, {
      method: "DELETE",
      as: order.tokens.customer(customerId),
    });
    expect(await checkout(cartId, customerId)).toMatchObject({ json: { error: "cart.empty" } });
  });
});
