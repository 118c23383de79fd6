import { timestampFromDate } from "@bufbuild/protobuf/wkt";
import {
  ProductCreatedSchema,
  ProductDeletedSchema,
  ProductStatus,
  ProductUpdatedSchema,
} from "@tandem/contracts/catalog";
import { PriceChangedSchema } from "@tandem/contracts/pricing";
import { newId } from "@tandem/kernel";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type Harness, startHarness } from "./harness.ts";

let order: Harness;
beforeAll(async () => {
  order = await startHarness();
});
afterAll(() => order[Symbol.asyncDispose]());

const occurredAt = () => timestampFromDate(order.clock.now());
const product = (name: string, status: ProductStatus = ProductStatus.ACTIVE) => ({
  name,
  status,
  sellerId: newId(),
  sku: "S-1",
});

type Tell = (productId: string) => Promise<unknown>;
const created =
  (version: bigint, name: string, status: ProductStatus = ProductStatus.ACTIVE): Tell =>
  (productId) =>
    order.deliver(ProductCreatedSchema, {
      productId,
      aggregateVersion: version,
      occurredAt: occurredAt(),
      product: product(name, status),
    });
const updated =
  (version: bigint, name: string, status: ProductStatus = ProductStatus.ACTIVE): Tell =>
  (productId) =>
    order.deliver(ProductUpdatedSchema, {
      productId,
      aggregateVersion: version,
      occurredAt: occurredAt(),
      product: product(name, status),
    });
const deleted =
  (version: bigint): Tell =>
  (productId) =>
    order.deliver(ProductDeletedSchema, {
      productId,
      aggregateVersion: version,
      occurredAt: occurredAt(),
      sellerId: newId(),
    });
const priced =
  (version: bigint, amounts: Readonly<Record<string, bigint>>): Tell =>
  (productId) =>
    order.deliver(PriceChangedSchema, {
      productId,
      aggregateVersion: version,
      occurredAt: occurredAt(),
      prices: Object.entries(amounts).map(([currencyCode, amountMinor]) => ({
        productId,
        amount: { currencyCode, amountMinor },
      })),
    });

const permutations = <T>(list: readonly T[]): T[][] =>
  list.length < 2
    ? [[...list]]
    : list.flatMap((one, index) => permutations(list.toSpliced(index, 1)).map((rest) => [one, ...rest]));

const known = async (productId: string) =>
  (await order.database.query("select * from cart_product where product_id = $1", [productId])).rows[0];

const newCart = () => {
  const [cartId, as] = [newId(), order.tokens.customer(newId())];
  return {
    put: (productId: string, quantity = 1, currencyCode = "EUR") =>
      order.http(`/carts/${cartId}/items/${productId}`, { method: "PUT", as, body: { quantity, currencyCode } }),
    remove: (productId: string) => order.http(`/carts/${cartId}/items/${productId}`, { method: "DELETE", as }),
    get: () => order.http(`/carts/${cartId}`, { as }),
  };
};

describe("what order knows of products", () => {
  it("is the same in whatever order and however often it was told", async () => {
    const told = [
      created(1n, "Mug", ProductStatus.DRAFT),
      updated(2n, "Blue mug"),
      priced(1n, { EUR: 900n, USD: 950n }),
      priced(2n, { EUR: 1_000n }),
    ];
    for (const sequence of permutations(told)) {
      const productId = newId();
      for (const tell of [...sequence, ...sequence]) expect(await tell(productId)).toBe("ack");
      expect(await known(productId)).toMatchObject({
        name: "Blue mug",
        status: "ACTIVE",
        product_version: "2",
        prices: { EUR: "1000" },
        price_version: "2",
      });
    }
  });

  it("stays deleted, whatever comes late or again", async () => {
    for (const sequence of permutations([
      created(1n, "Mug"),
      updated(2n, "Blue mug"),
      deleted(3n),
      priced(1n, { EUR: 1n }),
    ])) {
      const productId = newId();
      for (const tell of [...sequence, ...sequence]) await tell(productId);
      expect(await known(productId)).toMatchObject({
        status: "ARCHIVED",
        product_version: "3",
        prices: { EUR: "1" },
      });
    }
  });

  it("survives two versions told at the same time, the newer one wins", async () => {
    const productId = newId();
    await Promise.all([1n, 5n, 3n, 4n, 2n].map((version) => updated(version, `Mug ${version}`)(productId)));
    expect(await known(productId)).toMatchObject({ name: "Mug 5", product_version: "5" });
  });

  it("does nothing again when the same event is delivered twice", async () => {
    const [productId, id] = [newId(), newId()];
    const event = { productId, aggregateVersion: 1n, occurredAt: occurredAt(), product: product("Mug") };
    await order.deliver(ProductCreatedSchema, event, id);
    const before = await order.fingerprint();
    expect(await order.deliver(ProductCreatedSchema, event, id)).toBe("ack");
    expect(await order.fingerprint()).toEqual(before);
  });
});

describe("a cart shows", () => {
  it("name, price in its currency and whether it is for sale, wherever it is answered", async () => {
    const [cart, productId, other] = [newCart(), newId(), newId()];
    await created(1n, "Mug")(productId);
    await priced(1n, { EUR: 1_490n, USD: 1_600n })(productId);
    await created(1n, "Plate")(other);
    const mug = {
      productId,
      quantity: 2,
      name: "Mug",
      unitPrice: { currencyCode: "EUR", amountMinor: "1490" },
      forSale: true,
    };
    expect(await cart.put(productId, 2)).toMatchObject({ status: 200, json: { data: { items: [mug] } } });
    await cart.put(other);
    expect(await cart.get()).toMatchObject({ json: { data: { items: [mug, { name: "Plate" }] } } });
    expect(await cart.remove(other)).toMatchObject({ json: { data: { items: [mug] } } });

    await priced(2n, { EUR: 1_290n })(productId);
    await updated(2n, "Big mug", ProductStatus.DRAFT)(productId);
    expect(await cart.get()).toMatchObject({
      json: { data: { items: [{ name: "Big mug", unitPrice: { amountMinor: "1290" }, forSale: false }] } },
    });
  });

  it("nothing that it does not know: no product, no price in the currency, a price without a product", async () => {
    const [cart, unknown, foreign, priceOnly] = [newCart(), newId(), newId(), newId()];
    await created(1n, "Mug")(foreign);
    await priced(1n, { USD: 1n })(foreign);
    await priced(1n, { EUR: 0n })(priceOnly);
    for (const productId of [unknown, foreign, priceOnly]) expect((await cart.put(productId)).status).toBe(200);
    const { items } = (await cart.get()).json.data;
    expect(items[0]).not.toHaveProperty("unitPrice");
    expect(items[0]).not.toHaveProperty("forSale");
    expect(items[1]).toMatchObject({ name: "Mug", forSale: true });
    expect(items[1]).not.toHaveProperty("unitPrice");
    expect(items[2]).toMatchObject({ unitPrice: { currencyCode: "EUR" } });
    expect(items[2]).not.toHaveProperty("forSale");
  });
});

describe("a product that was deleted", () => {
  it("is refused, changing nothing, and can still be seen and taken out", async () => {
    const [cart, productId] = [newCart(), newId()];
    await created(1n, "Mug")(productId);
    await cart.put(productId);
    await deleted(2n)(productId);
    const before = await order.fingerprint();
    for (const refused of [await cart.put(productId, 2), await newCart().put(productId)]) {
      expect(refused).toMatchObject({ status: 409, json: { error: "cart.product_unavailable" } });
    }
    expect(await order.fingerprint()).toEqual(before);
    expect(await cart.get()).toMatchObject({ json: { data: { items: [{ name: "Mug", forSale: false }] } } });
    expect((await cart.remove(productId)).json.data.items ?? []).toEqual([]);
  });

  it("is refused although its creation was never told", async () => {
    const productId = newId();
    await deleted(4n)(productId);
    expect(await newCart().put(productId)).toMatchObject({ json: { error: "cart.product_unavailable" } });
  });

  it("does not say whether somebody else's cart exists", async () => {
    const [productId, gone, cartId] = [newId(), newId(), newId()];
    const put = (customerId: string, id: string) =>
      order.http(`/carts/${cartId}/items/${id}`, {
        method: "PUT",
        as: order.tokens.customer(customerId),
        body: { quantity: 1, currencyCode: "EUR" },
      });
    await put(newId(), productId);
    await deleted(1n)(gone);
    expect(await put(newId(), gone)).toMatchObject({ status: 404, json: { error: "cart.not_found" } });
  });
});
