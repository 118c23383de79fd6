import { timestampFromDate } from "@bufbuild/protobuf/wkt";
import { ProductCreatedSchema } from "@tandem/contracts/catalog";
import { PromotionStatus } from "@tandem/contracts/pricing";
import { money, newId } from "@tandem/kernel";
import { pollUntil } from "@tandem/testkit";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { makePriceListRepository } from "../src/data/price-list-repository.ts";
import { makePriceRepository } from "../src/data/price-repository.ts";
import { eur, type Harness, productCreated, sellable, seller, staff, startHarness } from "./harness.ts";

let pricing: Harness;
beforeAll(async () => {
  pricing = await startHarness();
});
afterAll(() => pricing[Symbol.asyncDispose]());

const inMs = (ms: number) => timestampFromDate(new Date(pricing.clock.now().getTime() + ms));
const HOUR = 3_600_000;
const tenPercent = { kind: { case: "basisPoints" as const, value: 1_000 } };
const story = async (productId: string) =>
  (await pricing.announced(productId)).map(
    ({ cause, prices: [price] }) => `${cause.replace("PRICE_CHANGE_CAUSE_", "")} ${price?.amount.amountMinor}`,
  );
const activate = () => pricing.runJob("pricing.promotion-activation");

describe("promotion-activation", () => {
  it("starts and ends promotions on time, and tells once what their products cost then", async () => {
    const mine = await sellable(pricing);
    const alsoMine = await sellable(pricing, { sellerId: mine.sellerId, amountMinor: 500n });
    const other = await sellable(pricing);
    const client = await pricing.rpc(seller(mine.sellerId));
    const { promotion } = await client.createPromotion({
      name: "Happy hour",
      discount: tenPercent,
      startsAt: inMs(HOUR),
      endsAt: inMs(2 * HOUR),
    });
    expect(promotion).toMatchObject({ status: PromotionStatus.SCHEDULED, sellerId: mine.sellerId });
    expect(await activate()).toEqual({ started: 0, ended: 0, announced: 0 });

    pricing.clock.advance(HOUR);
    expect(await activate()).toEqual({ started: 1, ended: 0, announced: 2 });
    expect(await activate()).toEqual({ started: 0, ended: 0, announced: 0 });
    pricing.clock.advance(HOUR);
    expect(await activate()).toEqual({ started: 0, ended: 1, announced: 2 });

    expect(await story(mine.productId)).toEqual(["SET 1000", "PROMOTION_STARTED 900", "PROMOTION_ENDED 1000"]);
    expect(await story(alsoMine.productId)).toEqual(["SET 500", "PROMOTION_STARTED 450", "PROMOTION_ENDED 500"]);
    expect(await story(other.productId)).toEqual(["SET 1000"]);
    await expect(client.deactivatePromotion({ promotionId: promotion?.promotionId ?? "" })).rejects.toMatchObject({
      code: "pricing.promotion_ended",
    });
  });

  it("says nothing about one that came and went while nobody was working", async () => {
    const { productId, sellerId } = await sellable(pricing);
    const terms = { name: "Missed", discount: tenPercent, startsAt: inMs(HOUR), endsAt: inMs(2 * HOUR) };
    await (await pricing.rpc(seller(sellerId))).createPromotion(terms);
    pricing.clock.advance(3 * HOUR);
    expect(await activate()).toMatchObject({ started: 0, ended: 1, announced: 0 });
    expect(await story(productId)).toEqual(["SET 1000"]);
  });

  it("announces each product once when two workers run at the same time", async () => {
    const { sellerId } = await sellable(pricing);
    const products = await Promise.all(Array.from({ length: 20 }, () => sellable(pricing, { sellerId })));
    const terms = { name: "Twice", discount: tenPercent, startsAt: inMs(HOUR), endsAt: inMs(2 * HOUR) };
    await (await pricing.rpc(seller(sellerId))).createPromotion(terms);
    pricing.clock.advance(HOUR);
    await Promise.all([activate(), activate(), activate()]);
    await activate();
    for (const { productId } of products) {
      expect(await story(productId)).toEqual(["SET 1000", "PROMOTION_STARTED 900"]);
    }
  });
});

describe("a promotion that starts while a product gets its first price", () => {
  it("waits for the price, and announces it reduced", async () => {
    await sellable(pricing); // opens the price list
    const event = productCreated();
    const { productId } = event;
    await pricing.deliver(ProductCreatedSchema, event);
    const locked = Promise.withResolvers<void>();
    const goOn = Promise.withResolvers<void>();
    const setting = pricing.database.transact(async (tx) => {
      const prices = makePriceRepository(tx, pricing.clock);
      const [list] = await makePriceListRepository(tx).listDefaults(["EUR"]);
      await prices.lockByProductIds([productId]);
      await prices.upsertAmounts([
        {
          productId,
          priceListId: list?.id ?? "",
          isDefault: true,
          amount: money("EUR", 1_000),
          version: 1n,
          updatedAt: pricing.clock.now(),
        },
      ]);
      locked.resolve();
      await goOn.promise;
    });
    await locked.promise;
    const terms = { name: "Meanwhile", discount: tenPercent, endsAt: inMs(HOUR) };
    const creating = (await pricing.rpc(seller(event.product.sellerId))).createPromotion(terms);
    await pollUntil(async () => {
      const waiting = "select 1 from pg_locks where locktype = 'advisory' and not granted";
      return (await pricing.database.query(waiting)).rowCount === 1;
    });
    goOn.resolve();
    await Promise.all([setting, creating]);
    expect(await story(productId)).toEqual(["PROMOTION_STARTED 900"]);
  });
});

describe("a promotion by hand", () => {
  it("runs and is announced at once, and so is its end; stopping it again changes nothing", async () => {
    const { productId, sellerId } = await sellable(pricing);
    const client = await pricing.rpc(seller(sellerId));
    const { promotion } = await client.createPromotion({
      name: "Now",
      discount: { kind: { case: "amount", value: eur(50n) } },
      productIds: [productId],
      endsAt: inMs(HOUR),
    });
    expect(promotion?.status).toBe(PromotionStatus.ACTIVE);
    const promotionId = promotion?.promotionId ?? "";
    expect((await client.getPrice({ productId })).price).toMatchObject({
      amount: eur(950n),
      regularAmount: eur(1_000n),
      promotionId,
    });
    const stopped = await client.deactivatePromotion({ promotionId });
    expect(stopped.promotion?.status).toBe(PromotionStatus.DEACTIVATED);
    expect((await client.deactivatePromotion({ promotionId })).promotion).toEqual(stopped.promotion);
    expect(await story(productId)).toEqual(["SET 1000", "PROMOTION_STARTED 950", "PROMOTION_ENDED 1000"]);
  });

  it("changes no shown price when it needs more than one piece, and none in a foreign currency", async () => {
    const { productId, sellerId } = await sellable(pricing);
    const client = await pricing.rpc(seller(sellerId));
    await client.createPromotion({ name: "Three", discount: tenPercent, minQuantity: 3, endsAt: inMs(HOUR) });
    const dollars = { kind: { case: "amount" as const, value: { currencyCode: "USD", amountMinor: 5n } } };
    await client.createPromotion({ name: "Dollars", discount: dollars, endsAt: inMs(HOUR) });
    expect((await client.getPrice({ productId })).price?.amount).toMatchObject(eur(1_000n));
    expect(await story(productId)).toEqual(["SET 1000"]);
  });

  it("belongs to its seller: others neither see nor stop it, nor reduce his products", async () => {
    const { productId, sellerId } = await sellable(pricing);
    const { promotion } = await (await pricing.rpc(seller(sellerId))).createPromotion({
      name: "Mine",
      discount: tenPercent,
      endsAt: inMs(HOUR),
    });
    const promotionId = promotion?.promotionId ?? "";
    const stranger = await pricing.rpc(seller(newId()));
    const unknown = { code: "pricing.promotion_not_found" };
    await expect(stranger.getPromotion({ promotionId })).rejects.toMatchObject(unknown);
    await expect(stranger.deactivatePromotion({ promotionId })).rejects.toMatchObject(unknown);
    expect((await stranger.listPromotions({})).promotions).toEqual([]);
    await expect(
      stranger.createPromotion({ name: "His", discount: tenPercent, productIds: [productId], endsAt: inMs(HOUR) }),
    ).rejects.toMatchObject({ code: "pricing.product_unknown" });
    const asHim = { method: "POST", claims: seller(newId()) };
    const body = { name: "As him", discount: { basisPoints: 10 }, sellerId, endsAt: "2027-01-01T00:00:00Z" };
    expect(await pricing.http("/promotions", { ...asHim, body: JSON.stringify(body) })).toMatchObject({ status: 403 });
  });

  it("is listed by the clock's status, page by page", async () => {
    const { sellerId } = await sellable(pricing);
    const client = await pricing.rpc(seller(sellerId));
    for (let n = 0; n < 3; n += 1) {
      await client.createPromotion({
        name: `P${n}`,
        discount: tenPercent,
        startsAt: inMs(HOUR),
        endsAt: inMs(2 * HOUR),
      });
    }
    const names = async (status: PromotionStatus) =>
      (await client.listPromotions({ status })).promotions.map(({ name }) => name);
    expect(await names(PromotionStatus.SCHEDULED)).toEqual(["P2", "P1", "P0"]);
    pricing.clock.advance(HOUR);
    expect(await names(PromotionStatus.ACTIVE)).toEqual(["P2", "P1", "P0"]);
    const first = await client.listPromotions({ page: { limit: 2 } });
    expect(first.promotions).toHaveLength(2);
    const position = { case: "cursor" as const, value: first.page?.nextCursor ?? "" };
    const second = await client.listPromotions({ page: { limit: 2, position } });
    expect(second.promotions.map(({ name }) => name)).toEqual(["P0"]);
    const counted = await (await pricing.rpc(staff)).listPromotions({
      sellerId,
      page: { limit: 1, position: { case: "offset", value: 1 } },
    });
    expect(counted).toMatchObject({ promotions: [{ name: "P1" }], page: { total: 3n } });
  });
});

it("removes quotes a week after they expired, and what they held", async () => {
  const { productId } = await sellable(pricing);
  const client = await pricing.rpc(staff);
  await client.setTaxRate({ countryCode: "DE", taxCategory: "standard", basisPoints: 1900 });
  const lines = [{ productId, quantity: 1 }];
  const { quote } = await client.createQuote({ currencyCode: "EUR", countryCode: "DE", lines });
  expect(await pricing.runJob("pricing.quote-cleanup")).toEqual({ purged: 0 });
  pricing.clock.advance(900_000 + 7 * 24 * HOUR + 1);
  expect(await pricing.runJob("pricing.quote-cleanup")).toEqual({ purged: 1 });
  await expect(client.getQuote({ quoteId: quote?.quoteId ?? "" })).rejects.toMatchObject({
    code: "pricing.quote_not_found",
  });
});

describe("a promotion in tiers", () => {
  it("is kept, read and listed as it was made, and prices a quote by what is in it", async () => {
    const { productId, sellerId } = await sellable(pricing);
    const client = await pricing.rpc(seller(sellerId));
    const made = await client.createPromotion({
      name: "The more the better",
      discount: tenPercent,
      tiers: [
        { threshold: { case: "minQuantity", value: 3 }, discount: { kind: { case: "basisPoints", value: 2_000 } } },
        { threshold: { case: "minQuantity", value: 5 }, discount: { kind: { case: "basisPoints", value: 3_000 } } },
      ],
      endsAt: inMs(HOUR),
    });
    const { promotion } = await client.getPromotion({ promotionId: made.promotion?.promotionId ?? "" });
    expect(promotion).toEqual(made.promotion);
    expect(promotion?.tiers.map(({ threshold }) => threshold.value)).toEqual([3, 5]);
    expect(await story(productId)).toEqual(["SET 1000", "PROMOTION_STARTED 900"]);

    const admin = await pricing.rpc(staff);
    await admin.setTaxRate({ countryCode: "DE", taxCategory: "standard", basisPoints: 0 });
    const totalOf = async (quantity: number) =>
      (await admin.createQuote({ currencyCode: "EUR", countryCode: "DE", lines: [{ productId, quantity }] })).quote
        ?.totals?.total?.amountMinor;
    expect([await totalOf(2), await totalOf(3), await totalOf(5)]).toEqual([1_800n, 2_400n, 3_500n]);
  });

  it("from a sum on shows in no shop, is announced to nobody, and reduces the basket that reaches it", async () => {
    const { productId, sellerId } = await sellable(pricing);
    const client = await pricing.rpc(seller(sellerId));
    const minSpend = eur(3_000n);
    await client.createPromotion({ name: "From 30", discount: tenPercent, minSpend, endsAt: inMs(HOUR) });
    expect(await story(productId)).toEqual(["SET 1000"]);
    const admin = await pricing.rpc(staff);
    await admin.setTaxRate({ countryCode: "DE", taxCategory: "standard", basisPoints: 0 });
    const totalOf = async (quantity: number) =>
      (await admin.createQuote({ currencyCode: "EUR", countryCode: "DE", lines: [{ productId, quantity }] })).quote
        ?.totals?.total?.amountMinor;
    expect([await totalOf(2), await totalOf(3)]).toEqual([2_000n, 2_700n]);
  });

  it("that does not rise is refused, and nothing is kept", async () => {
    const { sellerId } = await sellable(pricing);
    const client = await pricing.rpc(seller(sellerId));
    const count = async () => (await pricing.database.query("select id from promotion")).rows.length;
    const before = await count();
    for (const tiers of [
      [{ threshold: { case: "minQuantity" as const, value: 3 }, discount: tenPercent }],
      [
        {
          threshold: { case: "minQuantity" as const, value: 1 },
          discount: { kind: { case: "basisPoints" as const, value: 5_000 } },
        },
      ],
      [
        {
          threshold: { case: "minSpend" as const, value: eur(0n) },
          discount: { kind: { case: "basisPoints" as const, value: 5_000 } },
        },
      ],
    ])
      await expect(
        client.createPromotion({ name: "Flat", discount: tenPercent, tiers, endsAt: inMs(HOUR) }),
      ).rejects.toMatchObject({ kind: "invalid_argument" });
    expect(await count()).toBe(before);
  });
});
