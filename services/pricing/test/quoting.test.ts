import { timestampFromDate } from "@bufbuild/protobuf/wkt";
import { ProductCreatedSchema, ProductDeletedSchema } from "@tandem/contracts/catalog";
import { newId } from "@tandem/kernel";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { customer, eur, type Harness, productCreated, sellable, seller, staff, startHarness } from "./harness.ts";

let pricing: Harness;
const ada = newId();
const germany = { currencyCode: "EUR", countryCode: "DE" };
const inOneDay = () => timestampFromDate(new Date(pricing.clock.now().getTime() + 86_400_000));

beforeAll(async () => {
  pricing = await startHarness();
  await (await pricing.rpc(staff)).setTaxRate({ countryCode: "DE", taxCategory: "standard", basisPoints: 1900 });
});
afterAll(() => pricing[Symbol.asyncDispose]());

describe("a quote", () => {
  it("names price, tax and total of each line, and can be read again by its customer only", async () => {
    const mug = await sellable(pricing, { amountMinor: 1_490n });
    const book = await sellable(pricing, { amountMinor: 2_450n });
    const client = await pricing.rpc(customer(ada));
    const { quote } = await client.createQuote({
      ...germany,
      lines: [
        { productId: mug.productId, quantity: 2 },
        { productId: book.productId, quantity: 1 },
      ],
    });
    expect(quote).toMatchObject({
      customerId: ada,
      lines: [
        { ...mug, quantity: 2, unitPrice: eur(1_490n), tax: eur(566n), total: eur(3_546n), taxRateBasisPoints: 1900 },
        { ...book, quantity: 1, unitPrice: eur(2_450n), tax: eur(466n), total: eur(2_916n) },
      ],
      totals: { subtotal: eur(5_430n), discount: eur(0n), tax: eur(1_032n), total: eur(6_462n) },
    });
    const read = await client.getQuote({ quoteId: quote?.quoteId ?? "" });
    expect(read.quote).toEqual(quote);
    await expect(
      (await pricing.rpc(customer(newId()))).getQuote({ quoteId: quote?.quoteId ?? "" }),
    ).rejects.toMatchObject({
      code: "pricing.quote_not_found",
    });
  });

  it("costs two statements, one hundred lines or one", async () => {
    const products = await Promise.all(Array.from({ length: 100 }, () => sellable(pricing)));
    const client = await pricing.rpc(customer(ada));
    const ask = () =>
      client.createQuote({ ...germany, lines: products.map(({ productId }) => ({ productId, quantity: 1 })) });
    await ask(); // opens the connections
    const said = await pricing.statementsOf(ask);
    expect(said.map((text) => (text.includes("insert into quote") ? "insert" : text.trim().slice(0, 6)))).toEqual([
      "select",
      "insert",
    ]);
  });

  it("asks for another try while a priced product's creation is under way, and is refused for one nobody knows", async () => {
    const productId = newId();
    await (await pricing.rpc(staff)).setPrice({ productId, amount: eur(500n) });
    const ask = () =>
      pricing.http("/quotes", {
        method: "POST",
        claims: customer(ada),
        body: JSON.stringify({ ...germany, lines: [{ productId, quantity: 1 }] }),
      });
    expect(await ask()).toMatchObject({ status: 503, json: { error: "pricing.product_not_ready" } });
    await pricing.deliver(ProductCreatedSchema, productCreated({ productId }));
    expect(await ask()).toMatchObject({ status: 200, json: { code: 0 } });
    await pricing.deliver(ProductDeletedSchema, {
      productId,
      aggregateVersion: 2n,
      occurredAt: { seconds: 1n, nanos: 0 },
      sellerId: newId(),
    });
    expect(await ask()).toMatchObject({ status: 404, json: { error: "pricing.product_unknown" } });
  });

  it("takes the country's standard rate for a category without one, and refuses a country without any", async () => {
    const book = await sellable(pricing, { taxCategory: "books", amountMinor: 1_000n });
    const client = await pricing.rpc(customer(ada));
    const lines = [{ productId: book.productId, quantity: 1 }];
    expect((await client.createQuote({ ...germany, lines })).quote?.totals?.tax).toMatchObject(eur(190n));
    await (await pricing.rpc(staff)).setTaxRate({ countryCode: "DE", taxCategory: "books", basisPoints: 700 });
    expect((await client.createQuote({ ...germany, lines })).quote?.totals?.tax).toMatchObject(eur(70n));
    await expect(client.createQuote({ ...germany, countryCode: "FR", lines })).rejects.toMatchObject({
      code: "pricing.tax_rate_missing",
    });
  });

  it("follows a promotion to the millisecond, before any job has run", async () => {
    const { productId, sellerId } = await sellable(pricing, { amountMinor: 1_000n });
    const { promotion } = await (await pricing.rpc(seller(sellerId))).createPromotion({
      name: "From the third",
      discount: { kind: { case: "basisPoints", value: 1_000 } },
      minQuantity: 3,
      endsAt: inOneDay(),
    });
    const client = await pricing.rpc(customer(ada));
    const discountOf = async (quantity: number) =>
      (await client.createQuote({ ...germany, lines: [{ productId, quantity }] })).quote?.totals?.discount?.amountMinor;
    expect(await discountOf(2)).toBe(0n);
    expect(await discountOf(3)).toBe(300n);
    await (await pricing.rpc(seller(sellerId))).deactivatePromotion({ promotionId: promotion?.promotionId ?? "" });
    expect(await discountOf(3)).toBe(0n);
  });
});

describe("a voucher", () => {
  it("is shared among the lines to the cent, on top of promotions", async () => {
    const code = "WELCOME-5";
    await (await pricing.rpc(staff)).createVoucher({
      code,
      discount: { kind: { case: "amount", value: eur(500n) } },
      minSubtotal: eur(1_000n),
      endsAt: inOneDay(),
    });
    const one = await sellable(pricing, { amountMinor: 333n });
    const two = await sellable(pricing, { amountMinor: 667n });
    const client = await pricing.rpc(customer(ada));
    const lines = [
      { productId: one.productId, quantity: 1 },
      { productId: two.productId, quantity: 1 },
    ];
    const { quote } = await client.createQuote({ ...germany, lines, voucherCode: code });
    expect(quote?.lines.map(({ discount }) => discount?.amountMinor)).toEqual([167n, 333n]);
    expect(quote?.totals).toMatchObject({ discount: eur(500n), tax: eur(32n + 63n), total: eur(595n) });
    await expect(client.createQuote({ ...germany, lines: lines.slice(0, 1), voucherCode: code })).rejects.toMatchObject(
      {
        code: "pricing.voucher_not_applicable",
        details: [{ field: "voucherCode", rule: "subtotal_too_small" }],
      },
    );
    expect(await client.validateVoucher({ code, subtotal: eur(999n) })).toMatchObject({
      applicable: false,
      error: { slug: "pricing.voucher_not_applicable", violations: [{ rule: "subtotal_too_small" }] },
    });
    expect(await client.validateVoucher({ code, subtotal: eur(1_000n) })).toMatchObject({ discount: eur(500n) });
  });
});
