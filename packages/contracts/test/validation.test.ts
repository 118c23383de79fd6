import { create, type DescMessage, fromJson, type JsonObject, type JsonValue } from "@bufbuild/protobuf";
import { pathToString } from "@bufbuild/protobuf/reflect";
import { createValidator } from "@bufbuild/protovalidate";
import { describe, expect, it } from "vitest";
import { CreateProductRequestSchema } from "../src/catalog.ts";
import { files, registry } from "../src/index.ts";
import { CheckoutCartRequestSchema, CreateOrderRequestSchema, ListOrdersRequestSchema } from "../src/order.ts";
import { AuthorizePaymentRequestSchema, ReceiveProviderWebhookRequestSchema } from "../src/payment.ts";
import { CreatePromotionRequestSchema, SetPriceRequestSchema } from "../src/pricing.ts";
import { AdjustStockRequestSchema, BatchGetStockRequestSchema, ReserveStockRequestSchema } from "../src/warehouse.ts";

const validator = createValidator({ registry });
const id = "0192f0c1-2345-7abc-8def-0123456789ab";
const otherId = "0192f0c1-2345-7abc-8def-0123456789ac";
const euro = (minor: number | string) => ({ currencyCode: "EUR", amountMinor: minor });
const address = { recipient: "Ada", line1: "Street 1", postalCode: "10115", city: "Berlin", countryCode: "DE" };

/** The broken rules as `field rule`; empty when the message is good. */
const broken = (schema: DescMessage, json: JsonValue): string[] => {
  const result = validator.validate(schema, fromJson(schema, json));
  if (result.kind === "error") throw result.error;
  return result.kind === "valid"
    ? []
    : result.violations.map((violation) => `${pathToString(violation.field)} ${violation.ruleId}`.trim());
};

const order: JsonObject = {
  currencyCode: "EUR",
  lines: [{ productId: id, quantity: 1 }],
  shippingAddress: address,
  paymentMethod: { card: { token: "tok_visa" } },
};

describe("the rules of requests", () => {
  it("can all be evaluated: no message has a rule that does not compile", () => {
    const messages = files.flatMap((file) => file.messages);
    expect(messages.length).toBeGreaterThan(150);
    for (const message of messages) {
      expect(validator.validate(message, create(message)).kind, message.typeName).not.toBe("error");
    }
  });

  it.each<[string, DescMessage, JsonObject]>([
    ["an order paid by card", CreateOrderRequestSchema, order],
    ["an order paid at the door", CreateOrderRequestSchema, { ...order, paymentMethod: { cod: {} } }],
    [
      "an order for a customer, with a voucher",
      CreateOrderRequestSchema,
      { ...order, customerId: id, voucherCode: "SPRING-26" },
    ],
    ["a list without filters", ListOrdersRequestSchema, {}],
    ["a list by cursor", ListOrdersRequestSchema, { customerId: id, page: { limit: 200, cursor: "x" } }],
    ["the first page by offset", ListOrdersRequestSchema, { page: { offset: 0 } }],
    ["a price", SetPriceRequestSchema, { productId: id, amount: euro(1) }],
    ["a loss of stock", AdjustStockRequestSchema, { productId: id, delta: -3, reason: "broken" }],
    [
      "a promotion",
      CreatePromotionRequestSchema,
      { name: "x", discount: { basisPoints: 1000 }, endsAt: "2030-01-01T00:00:00Z" },
    ],
    [
      "a reservation without a time",
      ReserveStockRequestSchema,
      { orderId: id, lines: [{ productId: id, quantity: 1 }] },
    ],
  ])("take %s", (_, schema, json) => {
    expect(broken(schema, json)).toEqual([]);
  });

  it.each<[string, DescMessage, JsonObject, string]>([
    ["an order without lines", CreateOrderRequestSchema, { ...order, lines: [] }, "lines repeated.min_items"],
    [
      "101 lines",
      CreateOrderRequestSchema,
      { ...order, lines: Array.from({ length: 101 }, () => ({ productId: id, quantity: 1 })) },
      "lines repeated.max_items",
    ],
    [
      "a product in two lines",
      CreateOrderRequestSchema,
      {
        ...order,
        lines: [
          { productId: id, quantity: 1 },
          { productId: id, quantity: 2 },
        ],
      },
      "lines order.lines.unique_product",
    ],
    [
      "quantity 0",
      CreateOrderRequestSchema,
      { ...order, lines: [{ productId: id }] },
      "lines[0].quantity int32.gte_lte",
    ],
    [
      "quantity -1",
      CreateOrderRequestSchema,
      { ...order, lines: [{ productId: id, quantity: -1 }] },
      "lines[0].quantity int32.gte_lte",
    ],
    [
      "a product id that is none",
      CreateOrderRequestSchema,
      { ...order, lines: [{ productId: "1", quantity: 1 }] },
      "lines[0].product_id string.uuid",
    ],
    [
      "a currency in small letters",
      CreateOrderRequestSchema,
      { ...order, currencyCode: "eur" },
      "currency_code string.pattern",
    ],
    ["no address", CreateOrderRequestSchema, { ...order, shippingAddress: null }, "shipping_address required"],
    ["no way to pay", CreateOrderRequestSchema, { ...order, paymentMethod: {} }, "payment_method.method required"],
    [
      "a card number as token",
      CreateOrderRequestSchema,
      { ...order, paymentMethod: { card: { token: "4111111111111111" } } },
      "payment_method.card.token string.pattern",
    ],
    [
      "an expected total that leaves int64 when summed",
      CreateOrderRequestSchema,
      { ...order, expectedTotal: euro("9223372036854775807") },
      "expected_total.amount_minor int64.gte_lte",
    ],
    ["201 items a page", ListOrdersRequestSchema, { page: { limit: 201 } }, "page.limit int32.gte_lte"],
    ["a page far out", ListOrdersRequestSchema, { page: { offset: 10_001 } }, "page.offset int32.gte_lte"],
    ["a status that is none", ListOrdersRequestSchema, { status: 99 }, "status enum.defined_only"],
    [
      "a cart's id that is a path",
      CheckoutCartRequestSchema,
      { cartId: "../1", shippingAddress: address, paymentMethod: { cod: {} } },
      "cart_id string.uuid",
    ],
    ["a price of nothing", SetPriceRequestSchema, { productId: id, amount: euro(0) }, "amount money.positive"],
    ["a negative price", SetPriceRequestSchema, { productId: id, amount: euro(-5) }, "amount money.positive"],
    [
      "a price beyond reason",
      SetPriceRequestSchema,
      { productId: id, amount: euro("10000000001") },
      "amount price.ceiling",
    ],
    ["no movement at all", AdjustStockRequestSchema, { productId: id, delta: 0, reason: "x" }, "delta int32.not_in"],
    ["the same id twice", BatchGetStockRequestSchema, { productIds: [id, otherId, id] }, "product_ids repeated.unique"],
    [
      "a promotion that ends before it starts",
      CreatePromotionRequestSchema,
      { name: "x", discount: { basisPoints: 1 }, startsAt: "2030-01-02T00:00:00Z", endsAt: "2030-01-01T00:00:00Z" },
      "promotion.period",
    ],
    [
      "a discount of more than all",
      CreatePromotionRequestSchema,
      { name: "x", discount: { basisPoints: 10_001 }, endsAt: "2030-01-01T00:00:00Z" },
      "discount.basis_points int32.gte_lte",
    ],
    [
      "a reservation in the past",
      ReserveStockRequestSchema,
      { orderId: id, lines: [{ productId: id, quantity: 1 }], expiresAt: "2020-01-01T00:00:00Z" },
      "expires_at timestamp.gt_now",
    ],
    [
      "an archived product from the start",
      CreateProductRequestSchema,
      { sellerId: id, product: { sku: "A", name: "x", status: "PRODUCT_STATUS_ARCHIVED" } },
      "product.status enum.in",
    ],
    [
      "a picture that is no address",
      CreateProductRequestSchema,
      { sellerId: id, product: { sku: "A", name: "x", imageUrls: ["x y"] } },
      "product.image_urls[0] string.uri",
    ],
    [
      "a payment of nothing",
      AuthorizePaymentRequestSchema,
      { orderId: id, customerId: id, amount: euro(0), method: { cod: {} } },
      "amount money.positive",
    ],
    [
      "a webhook without a body",
      ReceiveProviderWebhookRequestSchema,
      { provider: "simulated", payload: {} },
      "payload webhook.size",
    ],
  ])("refuse %s", (_, schema, json, expected) => {
    expect(broken(schema, json)).toContain(expected);
  });
});
