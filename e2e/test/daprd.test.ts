import { OrderStatus } from "@tandem/contracts/order";
import { checkInvariants, daprdSidecars, drain, openShop, startPlatform } from "@tandem/e2e";
import { findTool } from "@tandem/toolchain";
import { describe, expect, it } from "vitest";

const tools = (["daprd", "broker"] as const).map((name) => findTool(name));
const missing = tools.flatMap((tool) => (tool.found ? [] : [tool.reason]));

describe("an order through ten real daprd sidecars and a Redis-protocol broker", { timeout: 240_000 }, () => {
  if (missing.length === 0) it("by card goes to COMPLETED, and all books add up", throughDaprd);
  else {
    it.skipIf(process.env["CI"] !== "true")(`needs tools: ${missing.join("; ")}`, () => {
      expect.fail(`with CI=true this may not be skipped: ${missing.join("; ")}`);
    });
  }
});

async function throughDaprd(): Promise<void> {
  await using platform = await startPlatform({ sidecars: daprdSidecars });
  const shop = await openShop(platform);
  const product = await shop.addProduct(5);
  const [good, declined] = await Promise.all([
    shop.placeOrder({ product, quantity: 2 }),
    shop.placeOrder({ product, pay: "tok_declined" }),
  ]);
  expect(await shop.outcomeOf(good.orderId)).toBe(OrderStatus.COMPLETED);
  expect(await shop.outcomeOf(declined.orderId)).toBe(OrderStatus.CANCELLED);
  await drain(platform.databases, { sidecars: "daprd" });
  // The broker's own queue cannot be asked: what is on its way still reaches its inbox.
  await expect.poll(() => checkInvariants(platform.databases), { timeout: 60_000, interval: 500 }).toEqual([]);
}
