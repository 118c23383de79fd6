import { newId } from "@tandem/kernel";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { customer, eur, type Harness, sellable, seller, staff, startHarness } from "./harness.ts";

let pricing: Harness;
beforeAll(async () => {
  pricing = await startHarness();
});
afterAll(() => pricing[Symbol.asyncDispose]());

const amounts = async (productId: string) =>
  (await pricing.announced(productId)).map(({ prices }) => prices.map(({ amount }) => Number(amount.amountMinor)));

describe("setting a price", () => {
  it("announces all prices of the product, counted up, and nothing when nothing changes", async () => {
    const productId = newId();
    const client = await pricing.rpc(staff);
    await client.setPrice({ productId, amount: eur(1_000n) });
    await client.setPrice({ productId, amount: { currencyCode: "USD", amountMinor: 1_100n } });
    await client.setPrice({ productId, amount: eur(1_000n) });
    const { price } = await client.setPrice({ productId, amount: eur(1_200n) });
    expect(price).toMatchObject({ amount: eur(1_200n), regularAmount: eur(1_200n), version: 2n });
    expect(await amounts(productId)).toEqual([[1_000], [1_000, 1_100], [1_200, 1_100]]);
    const versions = (await pricing.announced(productId)).map((event) => Number(event.aggregateVersion));
    expect(versions).toEqual([...versions].sort((a, b) => a - b));
    expect(new Set(versions).size).toBe(versions.length);
  });

  it("opens one default price list per currency, however many ask for it at once", async () => {
    const client = await pricing.rpc(staff);
    const set = () => client.setPrice({ productId: newId(), amount: { currencyCode: "SEK", amountMinor: 5n } });
    const answers = await Promise.all(Array.from({ length: 10 }, set));
    expect(new Set(answers.map(({ price }) => price?.priceListId)).size).toBe(1);
    const { priceLists } = await client.listPriceLists({});
    expect(priceLists.filter(({ currencyCode, isDefault }) => currencyCode === "SEK" && isDefault)).toHaveLength(1);
    await expect(
      client.createPriceList({ name: "Another", currencyCode: "SEK", isDefault: true }),
    ).rejects.toMatchObject({ code: "pricing.default_price_list_exists" });
  });

  it("keeps other lists to themselves: not announced, found when asked for", async () => {
    const client = await pricing.rpc(staff);
    const { priceList } = await client.createPriceList({ name: "Trade", currencyCode: "EUR" });
    const { productId } = await sellable(pricing, { amountMinor: 1_000n });
    const priceListId = priceList?.priceListId ?? "";
    await client.setPrice({ productId, priceListId, amount: eur(800n) });
    await client.setPrice({ productId, amount: eur(1_100n) });
    expect(await amounts(productId)).toEqual([[1_000], [1_100]]);
    expect((await client.getPrice({ productId })).price?.amount).toMatchObject(eur(1_100n));
    expect((await client.getPrice({ productId, priceListId })).price?.amount).toMatchObject(eur(800n));
    await expect(client.getPrice({ productId, priceListId: newId() })).rejects.toMatchObject({
      code: "pricing.price_list_not_found",
    });
    await expect(
      client.setPrice({ productId, priceListId, amount: { currencyCode: "USD", amountMinor: 1n } }),
    ).rejects.toMatchObject({ code: "pricing.currency_mismatch" });
  });

  it("is for the product's seller and for staff; another seller's product looks unknown", async () => {
    const { productId, sellerId } = await sellable(pricing);
    expect((await (await pricing.rpc(seller(sellerId))).setPrice({ productId, amount: eur(5n) })).price).toMatchObject({
      amount: eur(5n),
    });
    const stranger = await pricing.rpc(seller(newId()));
    for (const theirs of [productId, newId()]) {
      await expect(stranger.setPrice({ productId: theirs, amount: eur(1n) })).rejects.toMatchObject({
        code: "pricing.product_unknown",
      });
    }
    const refused = await pricing.http(`/prices/${productId}`, {
      method: "PUT",
      claims: customer(newId()),
      body: JSON.stringify({ amount: { currencyCode: "EUR", amountMinor: "1" } }),
    });
    expect(refused).toMatchObject({ status: 403, json: { error: "auth.permission_denied" } });
    expect(await amounts(productId)).toEqual([[1_000], [5]]);
  });
});

describe("a batch of prices", () => {
  it("sets each price or says why not, in order; the last one wins", async () => {
    const { productId, sellerId } = await sellable(pricing);
    const other = await sellable(pricing);
    const client = await pricing.rpc(seller(sellerId));
    const { results, summary } = await client.batchSetPrices({
      prices: [
        { productId, amount: eur(700n) },
        { productId: other.productId, amount: eur(1n) },
        { productId, amount: { currencyCode: "ZZZ", amountMinor: 1n } },
        { productId, priceListId: newId(), amount: eur(1n) },
        { productId, amount: eur(750n) },
      ],
    });
    expect(results.map(({ outcome }) => (outcome.case === "error" ? outcome.value.slug : outcome.case))).toEqual([
      "price",
      "pricing.product_unknown",
      "pricing.currency_unknown",
      "pricing.price_list_not_found",
      "price",
    ]);
    expect(summary).toMatchObject({ succeeded: 2, failed: 3 });
    expect(await amounts(productId)).toEqual([[1_000], [750]]);
    expect(await amounts(other.productId)).toEqual([[1_000]]);
  });

  it("costs the same few statements for two hundred prices as for one", async () => {
    const client = await pricing.rpc(staff);
    const set = (howMany: number) => () =>
      client.batchSetPrices({
        prices: Array.from({ length: howMany }, () => ({ productId: newId(), amount: eur(9n) })),
      });
    await set(1)();
    const kinds = (sent: readonly string[]) => sent.map((text) => text.trim().split(/\s/, 1)[0]?.toUpperCase());
    const one = kinds(await pricing.statementsOf(set(1)));
    expect(kinds(await pricing.statementsOf(set(200)))).toEqual(one);
    // Who sells it, its list, lock, what it costs, what it costs now, outbox.
    expect(one).toEqual(["BEGIN", "SELECT", "SELECT", "WITH", "SELECT", "INSERT", "WITH", "COMMIT"]);
  });

  it("does not deadlock with another that names the same products the other way round", async () => {
    const productIds = Array.from({ length: 20 }, () => newId());
    const client = await pricing.rpc(staff);
    const set = (order: readonly string[], amountMinor: bigint) =>
      client.batchSetPrices({ prices: order.map((productId) => ({ productId, amount: eur(amountMinor) })) });
    const rounds = Array.from({ length: 10 }, (_, at) =>
      set(at % 2 === 0 ? productIds : [...productIds].reverse(), BigInt(at + 1)),
    );
    for (const { summary } of await Promise.all(rounds)) expect(summary).toMatchObject({ succeeded: 20 });
    for (const productId of productIds) {
      const events = await pricing.announced(productId);
      expect(new Set(events.map(({ aggregateVersion }) => aggregateVersion)).size).toBe(events.length);
    }
  });
});

describe("reading prices", () => {
  it("loads what many readers miss in one statement, and nothing twice while it is fresh", async () => {
    const productIds = await Promise.all(Array.from({ length: 20 }, async () => (await sellable(pricing)).productId));
    const client = await pricing.rpc(customer(newId()));
    const read = () =>
      Promise.all([
        client.batchGetPrices({ productIds, currencyCode: "EUR" }),
        client.batchGetPrices({ productIds: productIds.slice(10), currencyCode: "EUR" }),
      ]);
    pricing.clock.advance(3_000); // what other tests have put into the cache is stale
    expect((await pricing.statementsOf(read)).length).toBeLessThanOrEqual(2);
    expect(await pricing.statementsOf(read)).toEqual([]);
  });

  it("shows an own write at once, and prices of deleted or unknown products never", async () => {
    const { productId } = await sellable(pricing);
    const client = await pricing.rpc(staff);
    expect((await client.getPrice({ productId })).price?.amount).toMatchObject(eur(1_000n));
    await client.setPrice({ productId, amount: eur(900n) });
    expect((await client.getPrice({ productId })).price?.amount).toMatchObject(eur(900n));
    await expect(client.getPrice({ productId, currencyCode: "USD" })).rejects.toMatchObject({
      code: "pricing.price_not_found",
    });
    const unknown = newId();
    const { results } = await client.batchGetPrices({ productIds: [unknown, productId], currencyCode: "EUR" });
    expect(results.map(({ outcome }) => outcome.case)).toEqual(["error", "price"]);
  });
});
