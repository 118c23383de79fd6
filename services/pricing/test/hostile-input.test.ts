import { newId } from "@tandem/kernel";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type Claims, customer, type Harness, sellable, seller, staff, startHarness } from "./harness.ts";

let pricing: Harness;
let productId: string;
let fingerprint: () => Promise<unknown>;
const ada = newId();

beforeAll(async () => {
  pricing = await startHarness();
  ({ productId } = await sellable(pricing));
  await (await pricing.rpc(staff)).setTaxRate({ countryCode: "DE", taxCategory: "standard", basisPoints: 1900 });
  fingerprint = async () => {
    const tables = ["price", "price_list", "product_price", "promotion", "voucher", "voucher_use", "tax_rate", "quote"];
    const counts = tables.map(
      (table) =>
        `select '${table}' as name, count(*)::int as n, coalesce(md5(string_agg(t::text, '' order by t::text)), '') as content from ${table} t`,
    );
    return (await pricing.database.query(counts.join(" union all "))).rows;
  };
});
afterAll(() => pricing[Symbol.asyncDispose]());

const MAX = "9223372036854775807";
const eurJson = (amountMinor: string | number) => ({ currencyCode: "EUR", amountMinor });
const lines = (quantity: unknown = 1, id: unknown = undefined) => [{ productId: id ?? productId, quantity }];
const germany = { currencyCode: "EUR", countryCode: "DE" };
const later = "2030-01-01T00:00:00Z";

interface Attack {
  readonly what: string;
  readonly method?: string;
  readonly path: () => string;
  readonly body: () => unknown;
  readonly claims: Claims;
  readonly status: number;
  readonly error?: string;
}

const put = (what: string, amount: () => unknown, rest: Partial<Attack> = {}): Attack => ({
  what,
  method: "PUT",
  path: () => `/prices/${productId}`,
  body: () => ({ amount: amount() }),
  claims: staff,
  status: 400,
  ...rest,
});
const quote = (what: string, body: () => unknown, rest: Partial<Attack> = {}): Attack => ({
  what,
  path: () => "/quotes",
  body,
  claims: customer(ada),
  status: 400,
  ...rest,
});
const promotion = (what: string, body: object, rest: Partial<Attack> = {}): Attack => ({
  what,
  path: () => "/promotions",
  body: () => ({ name: "P", discount: { basisPoints: 100 }, endsAt: later, ...body }),
  claims: staff,
  status: 400,
  ...rest,
});
const voucher = (what: string, body: object, rest: Partial<Attack> = {}): Attack => ({
  what,
  path: () => "/vouchers",
  body: () => ({ code: "GOOD-CODE", discount: { basisPoints: 100 }, endsAt: later, ...body }),
  claims: staff,
  status: 400,
  ...rest,
});

const attacks: readonly Attack[] = [
  put("no amount", () => undefined),
  put("a price of zero", () => eurJson(0)),
  put("a negative price", () => eurJson(-1)),
  put("a price above the ceiling", () => eurJson("10000000001")),
  put("a price at the end of int64", () => eurJson(MAX)),
  put("a price beyond int64", () => eurJson("9223372036854775808")),
  put("a price with a fraction", () => eurJson(1.5)),
  put("a price in words", () => eurJson("ten")),
  put("a price in a list", () => [1]),
  put("a currency of two letters", () => ({ currencyCode: "EU", amountMinor: 1 })),
  put("a currency in small letters", () => ({ currencyCode: "eur", amountMinor: 1 })),
  put("a currency that is none", () => ({ currencyCode: "EUX", amountMinor: 1 }), {
    error: "pricing.currency_unknown",
  }),
  put("a product id that is none", () => eurJson(1), { path: () => "/prices/1%27%20or%201=1" }),
  put("an unknown price list", () => eurJson(1), {
    body: () => ({ amount: eurJson(1), priceListId: newId() }),
    status: 404,
    error: "pricing.price_list_not_found",
  }),
  put("another seller's product", () => eurJson(1), {
    claims: seller(newId()),
    status: 404,
    error: "pricing.product_unknown",
  }),
  put("a seller without a seller id", () => eurJson(1), {
    claims: { roles: ["seller"] },
    status: 404,
    error: "pricing.product_unknown",
  }),
  put("a customer's hand on prices", () => eurJson(1), { claims: customer(ada), status: 403 }),
  quote("no lines", () => ({ ...germany, lines: [] })),
  quote("a product twice", () => ({ ...germany, lines: [...lines(), ...lines()] })),
  quote("no pieces", () => ({ ...germany, lines: lines(0) })),
  quote("minus one piece", () => ({ ...germany, lines: lines(-1) })),
  quote("a thousand pieces", () => ({ ...germany, lines: lines(1000) })),
  quote("more pieces than int32", () => ({ ...germany, lines: lines(2 ** 31) })),
  quote("half a piece", () => ({ ...germany, lines: lines(0.5) })),
  quote("pieces in words", () => ({ ...germany, lines: lines("many") })),
  quote("a hundred and one lines", () => ({
    ...germany,
    lines: Array.from({ length: 101 }, () => ({ productId: newId(), quantity: 1 })),
  })),
  quote("a product id that is none", () => ({ ...germany, lines: lines(1, "../../etc/passwd") })),
  quote("lines that are text", () => ({ ...germany, lines: "all" })),
  quote("a country in words", () => ({ ...germany, countryCode: "Germany", lines: lines() })),
  quote("a country without taxes", () => ({ ...germany, countryCode: "ZZ", lines: lines() }), {
    status: 409,
    error: "pricing.tax_rate_missing",
  }),
  quote("a foreign currency", () => ({ ...germany, currencyCode: "USD", lines: lines() }), {
    status: 404,
    error: "pricing.price_not_found",
  }),
  quote("an unknown product", () => ({ ...germany, lines: lines(1, newId()) }), {
    status: 404,
    error: "pricing.product_unknown",
  }),
  quote("a voucher with a quotation mark", () => ({ ...germany, lines: lines(), voucherCode: "A';--" })),
  quote("an unknown voucher", () => ({ ...germany, lines: lines(), voucherCode: "NOBODY" }), {
    status: 404,
    error: "pricing.voucher_not_found",
  }),
  quote("a quote for somebody else", () => ({ ...germany, lines: lines(), customerId: newId() }), {
    status: 403,
    error: "auth.not_owner",
  }),
  quote("a seller's quote", () => ({ ...germany, lines: lines() }), { claims: seller(newId()), status: 403 }),
  promotion("a promotion of nothing", { discount: {} }),
  promotion("a promotion of more than all", { discount: { basisPoints: 10_001 } }),
  promotion("a promotion of a negative amount", { discount: { amount: eurJson(-1) } }),
  promotion("both kinds of discount", { discount: { basisPoints: 1, amount: eurJson(1) } }),
  promotion("a promotion without an end", { endsAt: undefined }),
  promotion("a promotion that ends before it starts", { startsAt: "2031-01-01T00:00:00Z" }),
  promotion("a promotion that is over", { endsAt: "2020-01-01T00:00:00Z" }, { error: "pricing.period_invalid" }),
  promotion("a promotion until a day that is none", { endsAt: "soon" }),
  promotion("products that are no ids", { productIds: ["x"] }),
  voucher("a code in small letters", { code: "good" }),
  voucher("a voucher for a negative sum", { minSubtotal: eurJson(-5) }),
  voucher("a limit below zero", { usageLimit: -1 }),
  voucher("a limit beyond int32", { usageLimit: 2 ** 40 }),
  voucher("a seller's voucher", {}, { claims: seller(newId()), status: 403 }),
  {
    what: "a tax of more than all",
    method: "PUT",
    path: () => "/tax-rates/DE/standard",
    body: () => ({ basisPoints: 10_001 }),
    claims: staff,
    status: 400,
  },
];

describe("what pricing refuses, changing nothing", () => {
  it.each(attacks)("$what", async ({ method = "POST", path, body, claims, status, error }) => {
    const before = await fingerprint();
    const answer = await pricing.http(path(), { method, claims, body: JSON.stringify(body()) });
    expect(answer).toMatchObject({ status, json: error ? { error } : { message: expect.any(String) } });
    expect(answer.json.code).not.toBe(0);
    expect(answer.text).not.toMatch(/at \S+ \(|node_modules|select |insert /);
    expect(await fingerprint()).toEqual(before);
  });

  it.each([
    ["half a document", '{"lines": ['],
    ["no JSON", "hello"],
    ["a list", "[]"],
    ["null", "null"],
    ["an unknown field", '{"amount": {"currencyCode": "EUR", "amountMinor": "1"}, "discountForMe": true}'],
    ["a key of the prototype", '{"__proto__": {"amount": 1}}'],
  ])("%s", async (_what, body) => {
    const before = await fingerprint();
    const answer = await pricing.http(`/prices/${productId}`, { method: "PUT", claims: staff, body });
    expect(answer.status).toBe(400);
    expect(await fingerprint()).toEqual(before);
  });

  it("callers without a token, and without a permission", async () => {
    const body = JSON.stringify({ ...germany, lines: lines() });
    expect(await pricing.http("/quotes", { method: "POST", body })).toMatchObject({ status: 401 });
    expect(await pricing.http(`/quotes/${newId()}`, { claims: seller(newId()) })).toMatchObject({ status: 403 });
    expect(await pricing.http("/vouchers/WELCOME-5", { claims: customer(ada) })).toMatchObject({ status: 403 });
  });

  it("cursors that it never gave out", async () => {
    for (const cursor of ["nonsense", "eyJ2IjoxfQ", "%00"]) {
      const answer = await pricing.http(`/price-lists?page.cursor=${cursor}`, { claims: staff });
      expect(answer.status).toBe(400);
    }
  });
});

it("serves prices and tax rates to anybody", async () => {
  expect(await pricing.http(`/prices/${productId}`)).toMatchObject({
    status: 200,
    json: { code: 0, data: { amount: { currencyCode: "EUR", amountMinor: "1000" } } },
  });
  expect(await pricing.http("/tax-rates?countryCode=DE")).toMatchObject({
    status: 200,
    json: { data: { taxRates: [{ countryCode: "DE", taxCategory: "standard", basisPoints: 1900 }] } },
  });
});
