import { AppError, money, newId } from "@tandem/kernel";
import { createOutbox } from "@tandem/messaging";
import { createTestDatabase, manualClock, type TestDatabase } from "@tandem/testkit";
import { afterAll, beforeAll, expect, it } from "vitest";
import { makePlaceOrder, type PlaceOrderInput } from "../src/biz/place-order.ts";
import type { Pricing } from "../src/biz/ports.ts";
import { makeCartClaims } from "../src/data/cart-claims.ts";
import { openCheckout } from "../src/data/open-checkout.ts";
import { makeOrderReader } from "../src/data/order-reader.ts";
import { migrations } from "../src/migrate.ts";
import { line, newOrder } from "./builders.ts";

const clock = manualClock(new Date("2026-11-21T10:00:00Z"));
let test: TestDatabase;
let placing: (by: Pricing) => ReturnType<typeof makePlaceOrder>;
let placeOrder: ReturnType<typeof makePlaceOrder>;
let quoteLives = true;

const pricing: Pricing = {
  createQuote: async ({ items, currency }) => ({
    id: newId(),
    currency,
    lines: items.map(({ productId, quantity }) => line({ productId, quantity })),
    expiresAt: new Date(clock.now().getTime() + (quoteLives ? 900_000 : 0)),
  }),
};

beforeAll(async () => {
  test = await createTestDatabase({ sets: migrations, options: { maxConnections: 12 } });
  const { database } = test;
  const outbox = createOutbox({ database, source: "order" });
  const { uow } = openCheckout({ database, outbox, clock });
  const orders = makeOrderReader(database);
  placing = (by) => makePlaceOrder({ uow, orders, pricing: by, clock, newId, reservationTtlMs: 1_800_000 });
  placeOrder = placing(pricing);
});
afterAll(() => test.dispose());

const input = (over: Partial<PlaceOrderInput> = {}): PlaceOrderInput => ({
  customerId: newId(),
  currency: "EUR",
  items: [{ productId: newId(), quantity: 2 }],
  shippingAddress: newOrder().shippingAddress,
  paymentMethod: { kind: "CARD", token: "tok_visa" },
  notes: "",
  voucherCode: "",
  cartId: "",
  expectedTotal: undefined,
  checkoutKey: `key:test:${newId()}`,
  ...over,
});

const counts = async () => {
  const { rows } = await test.database.query(
    `select (select count(*)::int from orders) as orders, (select count(*)::int from seller_order) as sellers,
       (select count(*)::int from tandem.saga) as sagas, (select count(*)::int from tandem.outbox_event) as events`,
  );
  return rows[0] as { orders: number; sellers: number; sagas: number; events: number };
};

it("makes one order, one saga and one order.created of ten checkouts with one key at once", async () => {
  const before = await counts();
  const wanted = input();
  const orders = await Promise.all(Array.from({ length: 10 }, () => placeOrder(wanted)));
  expect(new Set(orders.map(({ order }) => order.id)).size).toBe(1);
  expect(await counts()).toEqual({
    orders: before.orders + 1,
    sellers: before.sellers + 1,
    sagas: before.sagas + 1,
    events: before.events + 1,
  });
});

it("makes ten orders of ten keys at once", async () => {
  const before = await counts();
  await Promise.all(Array.from({ length: 10 }, () => placeOrder(input())));
  expect(await counts()).toMatchObject({
    orders: before.orders + 10,
    sagas: before.sagas + 10,
    events: before.events + 10,
  });
});

it("does not answer a key with somebody else's order", async () => {
  const first = input();
  await placeOrder(first);
  await expect(placeOrder({ ...first, customerId: newId() })).rejects.toMatchObject({
    code: "order.checkout_key_taken",
  });
});

it("stores nothing of an empty order, an expired quote or a changed total", async () => {
  const before = await counts();
  await expect(placeOrder(input({ items: [] }))).rejects.toMatchObject({ code: "order.empty" });
  await expect(placeOrder(input({ expectedTotal: money("EUR", 1n) }))).rejects.toMatchObject({
    code: "order.total_changed",
  });
  quoteLives = false;
  await expect(placeOrder(input())).rejects.toMatchObject({ code: "order.quote_unavailable" });
  quoteLives = true;
  expect(await counts()).toEqual(before);
});

it("claims the cart's next version together with the order: who writes it at once is refused, or the checkout is", async () => {
  const claims = makeCartClaims(test.database);
  const [ordered, edited] = [newId(), newId()];
  await placeOrder(input({ cartId: ordered, closesCartAt: 4 }));
  expect(await claims.take(ordered, 4)).toBe(false);

  expect(await claims.take(edited, 4)).toBe(true);
  const before = await counts();
  await expect(placeOrder(input({ cartId: edited, closesCartAt: 4 }))).rejects.toMatchObject({
    code: "cart.version_conflict",
  });
  expect(await counts()).toEqual(before);
});

it("answers a repeat with the first order when its items are not to be had any more, and asks no second quote for a voucher", async () => {
  const asked: string[] = [];
  const gone: Pricing = {
    createQuote: async ({ voucherCode }) => {
      asked.push(voucherCode);
      throw new AppError("not_found", "pricing.product_unknown", "gone");
    },
  };
  const plain = input();
  const reduced = input({ voucherCode: "TEN" });
  const first = [await placeOrder(plain), await placeOrder(reduced)];
  const again = placing(gone);
  expect(await again(plain)).toEqual({ order: first[0]?.order, repeated: true });
  expect((await again(reduced)).order.id).toBe(first[1]?.order.id);
  expect(asked).toEqual([""]);
  await expect(again(input())).rejects.toMatchObject({ code: "pricing.product_unknown" });
});
