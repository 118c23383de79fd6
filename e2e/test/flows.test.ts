import { OrderStatus } from "@tandem/contracts/order";
import { checkInvariants, drain, openShop, type Shop, startPlatform, type TestPlatform } from "@tandem/e2e";
import { afterAll, beforeAll, describe, expect, it } from "vitest";

let platform: TestPlatform;
let shop: Shop;

beforeAll(async () => {
  platform = await startPlatform();
  shop = await openShop(platform);
}, 120_000);
afterAll(() => platform?.[Symbol.asyncDispose](), 60_000);

describe("an order", { timeout: 90_000 }, () => {
  it("by card goes from PENDING to COMPLETED", async () => {
    const product = await shop.addProduct(5);
    const order = await shop.placeOrder({ product, quantity: 2 });
    expect(order.status).toBe(OrderStatus.PENDING);
    expect(await shop.outcomeOf(order.orderId)).toBe(OrderStatus.COMPLETED);
    await drain(platform.databases);
    expect(await checkInvariants(platform.databases)).toEqual([]);
  });
});
