import { timestampFromDate } from "@bufbuild/protobuf/wkt";
import {
  ProductCreatedSchema,
  ProductDeletedSchema,
  ProductStatus,
  ProductUpdatedSchema,
} from "@tandem/contracts/catalog";
import { CustomerChange, CustomerUpdatedSchema } from "@tandem/contracts/customer";
import { OrderCancelledSchema, OrderCreatedSchema } from "@tandem/contracts/order";
import { newId } from "@tandem/kernel";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { customer, eur, type Harness, productCreated, sellable, seller, staff, startHarness } from "./harness.ts";

let pricing: Harness;
const occurredAt = { seconds: 1n, nanos: 0 };
const inOneDay = () => timestampFromDate(new Date(pricing.clock.now().getTime() + 86_400_000));
beforeAll(async () => {
  pricing = await startHarness();
  await (await pricing.rpc(staff)).setTaxRate({ countryCode: "DE", taxCategory: "standard", basisPoints: 1900 });
});
afterAll(() => pricing[Symbol.asyncDispose]());

const known = async (productId: string) =>
  (
    await pricing.database.query("select name, status, version::int, seller_id from product where product_id = $1", [
      productId,
    ])
  ).rows[0];

describe("news of products", () => {
  it("may come in any order and more than once: the newest version stays", async () => {
    const created = productCreated({ name: "Mug" });
    const { productId } = created;
    const updated = productCreated({ productId, name: "Blue mug", version: 2n });
    const renamed = productCreated({ productId, name: "Bluer mug", version: 3n });
    expect(await pricing.deliver(ProductUpdatedSchema, renamed)).toBe("ack");
    expect(await pricing.deliver(ProductCreatedSchema, created)).toBe("ack");
    expect(await pricing.deliver(ProductUpdatedSchema, updated)).toBe("ack");
    expect(await pricing.deliver(ProductUpdatedSchema, updated)).toBe("ack");
    expect(await known(productId)).toMatchObject({ name: "Bluer mug", version: 3 });
  });

  it("do not revive a product whose end arrived first", async () => {
    const created = productCreated();
    const { productId } = created;
    const sellerId = newId();
    await pricing.deliver(ProductDeletedSchema, { productId, aggregateVersion: 2n, occurredAt, sellerId });
    await pricing.deliver(ProductCreatedSchema, created);
    expect(await known(productId)).toMatchObject({ status: "ARCHIVED", version: 2 });
    await expect((await pricing.rpc(staff)).setPrice({ productId, amount: eur(1n) })).rejects.toMatchObject({
      code: "pricing.product_unknown",
    });
  });

  it("keep a deleted product's name, and its price from being shown", async () => {
    const { productId, sellerId } = await sellable(pricing, { name: "Old mug" });
    await pricing.deliver(ProductDeletedSchema, { productId, aggregateVersion: 2n, occurredAt, sellerId });
    expect(await known(productId)).toMatchObject({ name: "Old mug", status: "ARCHIVED" });
    pricing.clock.advance(3_000);
    await expect((await pricing.rpc(staff)).getPrice({ productId })).rejects.toMatchObject({
      code: "pricing.price_not_found",
    });
  });

  it("keep a draft from being quoted until it is active", async () => {
    const { productId } = await sellable(pricing, { status: ProductStatus.DRAFT });
    const client = await pricing.rpc(customer(newId()));
    const ask = () =>
      client.createQuote({ currencyCode: "EUR", countryCode: "DE", lines: [{ productId, quantity: 1 }] });
    await expect(ask()).rejects.toMatchObject({ code: "pricing.product_unknown" });
    await pricing.deliver(ProductUpdatedSchema, productCreated({ productId, version: 2n }));
    expect((await ask()).quote?.lines).toHaveLength(1);
  });

  it("announce a price anew when the seller, known only now, has a promotion", async () => {
    const productId = newId();
    const sellerId = newId();
    await (await pricing.rpc(staff)).setPrice({ productId, amount: eur(1_000n) });
    await (await pricing.rpc(seller(sellerId))).createPromotion({
      name: "All of mine",
      discount: { kind: { case: "basisPoints", value: 1_000 } },
      endsAt: inOneDay(),
    });
    const created = productCreated({ productId, sellerId });
    await pricing.deliver(ProductCreatedSchema, created);
    await pricing.deliver(ProductUpdatedSchema, productCreated({ productId, sellerId, version: 2n, name: "Renamed" }));
    const prices = (await pricing.announced(productId)).map(({ prices: [price] }) => price?.amount.amountMinor);
    expect(prices).toEqual(["1000", "900"]);
  });

  it("become a dead letter at once when they lack what their contract promises", async () => {
    const productId = newId();
    expect(await pricing.deliver(ProductCreatedSchema, { productId, aggregateVersion: 1n, occurredAt })).toBe("ack");
    const { rows } = await pricing.database.query("select consumer from tandem.dead_letter where subject = $1", [
      productId,
    ]);
    expect(rows).toEqual([{ consumer: "pricing.on-product-created" }]);
    expect(await known(productId)).toBeUndefined();
  });
});

describe("orders and limited vouchers", () => {
  const limited = async (limits: { usageLimit?: number; usageLimitPerCustomer?: number }) => {
    const code = `ONCE-${newId().slice(-8).toUpperCase()}`;
    await (await pricing.rpc(staff)).createVoucher({
      code,
      discount: { kind: { case: "basisPoints", value: 1_000 } },
      endsAt: inOneDay(),
      ...limits,
    });
    const { productId } = await sellable(pricing);
    const lines = [{ productId, quantity: 1 }];
    const common = { currencyCode: "EUR", countryCode: "DE", lines, voucherCode: code };
    const quoteFor = async (customerId: string, checkoutKey = "") => {
      const client = await pricing.rpc(customer(customerId));
      return (await client.createQuote({ ...common, checkoutKey })).quote;
    };
    return { code, quoteFor };
  };
  const orderOf = (quoteId: string, customerId: string, voucherCode: string) => {
    const orderId = newId();
    return { orderId, aggregateVersion: 1n, occurredAt, order: { orderId, quoteId, customerId, voucherCode } };
  };
  const usedUp = { code: "pricing.voucher_not_applicable", details: [{ rule: "used_up" }] };

  it("hold the last use for one of twenty customers", async () => {
    const { quoteFor } = await limited({ usageLimit: 1 });
    const outcomes = await Promise.allSettled(Array.from({ length: 20 }, () => quoteFor(newId())));
    expect(outcomes.filter(({ status }) => status === "fulfilled")).toHaveLength(1);
  });

  it("let a customer ask again as often as he likes, and free the use when his quote expires", async () => {
    const { quoteFor } = await limited({ usageLimit: 1 });
    const ada = newId();
    await quoteFor(ada);
    await quoteFor(ada);
    await expect(quoteFor(newId())).rejects.toMatchObject(usedUp);
    pricing.clock.advance(900_001);
    expect(await quoteFor(newId())).toBeDefined();
  });

  it("use it up once per order, however often the news comes, and give it back when the order is cancelled", async () => {
    const { code, quoteFor } = await limited({ usageLimitPerCustomer: 1 });
    const ada = newId();
    const quote = await quoteFor(ada);
    const order = orderOf(quote?.quoteId ?? "", ada, code);
    await pricing.deliver(OrderCreatedSchema, order);
    await pricing.deliver(OrderCreatedSchema, order);
    await expect(quoteFor(ada)).rejects.toMatchObject(usedUp);
    expect(await quoteFor(newId())).toBeDefined();
    await pricing.deliver(OrderCancelledSchema, { ...order, aggregateVersion: 2n });
    expect(await quoteFor(ada)).toBeDefined();
  });

  it("count nothing when the cancellation came before the creation", async () => {
    const { code, quoteFor } = await limited({ usageLimitPerCustomer: 1 });
    const ada = newId();
    const quote = await quoteFor(ada);
    const order = orderOf(quote?.quoteId ?? "", ada, code);
    await pricing.deliver(OrderCancelledSchema, { ...order, aggregateVersion: 2n });
    await pricing.deliver(OrderCreatedSchema, order);
    expect(await quoteFor(ada)).toBeDefined();
  });

  it("are used exactly ten times by fifty checkouts at once, whatever is told twice and in whatever order", async () => {
    const { code, quoteFor } = await limited({ usageLimit: 10 });
    const buyers = Array.from({ length: 50 }, () => newId());
    const asked = await Promise.allSettled(buyers.map((buyer) => quoteFor(buyer, newId())));
    const quotes = asked.flatMap((one, at) =>
      one.status === "fulfilled" ? [{ quoteId: one.value?.quoteId ?? "", customerId: buyers[at] ?? "" }] : [],
    );
    expect(quotes).toHaveLength(10);
    for (const one of asked) if (one.status === "rejected") expect(one.reason).toMatchObject(usedUp);
    const orders = quotes.map(({ quoteId, customerId }) => orderOf(quoteId, customerId, code));
    const said = await Promise.all([...orders, ...orders].map((order) => pricing.deliver(OrderCreatedSchema, order)));
    expect(new Set(said)).toEqual(new Set(["ack"]));
    const used = async () =>
      (
        await pricing.database.query<{ n: number }>(
          "select count(*)::int as n from voucher_use u join voucher v on v.id = u.voucher_id where code = $1 and status = 'USED'",
          [code],
        )
      ).rows[0]?.n;
    expect(await used()).toBe(10);
    pricing.clock.advance(7_200_000);
    await expect(quoteFor(newId(), newId())).rejects.toMatchObject(usedUp);

    // Three are cancelled: three more may have it, no fourth.
    for (const order of orders.slice(0, 3))
      await pricing.deliver(OrderCancelledSchema, { ...order, aggregateVersion: 2n });
    const more = await Promise.allSettled(buyers.map((buyer) => quoteFor(buyer, newId())));
    expect(more.filter(({ status }) => status === "fulfilled")).toHaveLength(3);
  });

  it("are used once by fifty checkouts of one customer, and a checkout that is sent again is no second one", async () => {
    const { quoteFor } = await limited({ usageLimitPerCustomer: 1 });
    const ada = newId();
    await quoteFor(ada);
    const asked = await Promise.allSettled(Array.from({ length: 50 }, () => quoteFor(ada, newId())));
    expect(asked.filter(({ status }) => status === "fulfilled")).toHaveLength(1);
    const bob = newId();
    const same = await Promise.allSettled(Array.from({ length: 5 }, () => quoteFor(bob, "cart:1")));
    expect(same.filter(({ status }) => status === "fulfilled")).toHaveLength(5);
    await expect(quoteFor(bob, "cart:2")).rejects.toMatchObject(usedUp);
  });

  it("are held for a checkout longer than its quote binds: as late as its order may be told", async () => {
    const { quoteFor } = await limited({ usageLimit: 1 });
    await quoteFor(newId(), "one");
    pricing.clock.advance(900_001);
    await expect(quoteFor(newId(), "two")).rejects.toMatchObject(usedUp);
    pricing.clock.advance(900_001);
    expect(await quoteFor(newId(), "three")).toBeDefined();
  });

  it("count a customer who asks and then orders once, not twice", async () => {
    const { quoteFor } = await limited({ usageLimit: 2 });
    const ada = newId();
    await quoteFor(ada);
    await quoteFor(ada);
    await quoteFor(ada, "checkout");
    expect(await quoteFor(newId(), "other")).toBeDefined();
    await expect(quoteFor(newId(), "third")).rejects.toMatchObject(usedUp);
  });

  it("are honoured even for an order that is told too late, and somebody is told", async () => {
    const { code, quoteFor } = await limited({ usageLimit: 1 });
    const [ada, bob] = [newId(), newId()];
    const late = await quoteFor(ada, "late");
    pricing.clock.advance(7_200_000);
    const other = await quoteFor(bob, "other");
    await pricing.deliver(OrderCreatedSchema, orderOf(other?.quoteId ?? "", bob, code));
    expect(await pricing.deliver(OrderCreatedSchema, orderOf(late?.quoteId ?? "", ada, code))).toBe("ack");
    await expect(quoteFor(newId(), "third")).rejects.toMatchObject(usedUp);
  });
});

describe("customers' segments", () => {
  const said = (
    customerId: string,
    segment: string,
    version: bigint,
    change: CustomerChange = CustomerChange.SEGMENT,
  ) =>
    pricing.deliver(CustomerUpdatedSchema, {
      customerId,
      aggregateVersion: version,
      occurredAt,
      change,
      customer: { customerId, segment },
    });

  it("have prices of their own in quotes, by the newest news, and none when somebody is forgotten", async () => {
    const { productId } = await sellable(pricing);
    const other = await sellable(pricing);
    const admin = await pricing.rpc(staff);
    const { priceList } = await admin.createPriceList({ name: "VIP", currencyCode: "EUR", segment: "vip" });
    expect(priceList).toMatchObject({ segment: "vip", isDefault: false });
    const wrong = { name: "VIP again", currencyCode: "EUR", segment: "vip" };
    await expect(admin.createPriceList(wrong)).rejects.toMatchObject({ code: "pricing.segment_price_list_exists" });
    for (const over of [{ segment: "golden" }, { isDefault: true }])
      await expect(admin.createPriceList({ ...wrong, ...over })).rejects.toMatchObject({ kind: "invalid_argument" });
    await admin.setPrice({
      productId,
      priceListId: priceList?.priceListId ?? "",
      amount: { currencyCode: "EUR", amountMinor: 700n },
    });
    await admin.setTaxRate({ countryCode: "DE", taxCategory: "standard", basisPoints: 0 });
    const ada = newId();
    const pays = async (customerId: string, what = productId) => {
      const lines = [{ productId: what, quantity: 1 }];
      const client = await pricing.rpc(customer(customerId));
      return (await client.createQuote({ currencyCode: "EUR", countryCode: "DE", lines })).quote?.totals?.total
        ?.amountMinor;
    };
    expect(await pays(ada)).toBe(1_000n);
    for (const _ of [1, 2]) expect(await said(ada, "vip", 3n)).toBe("ack");
    await said(ada, "new", 1n, CustomerChange.CREATED);
    expect(await pays(ada)).toBe(700n);
    expect(await pays(ada, other.productId)).toBe(1_000n);
    expect(await pays(newId())).toBe(1_000n);
    await said(ada, "", 5n, CustomerChange.ERASED);
    await said(ada, "vip", 4n);
    expect(await pays(ada)).toBe(1_000n);
  });
});
