import { address, openDoor, type Product, type Shop, type TestPlatform } from "@tandem/e2e";
import { newId } from "@tandem/kernel";
import { pollUntil } from "@tandem/testkit";
import { expect, it } from "vitest";

export interface Given {
  readonly platform: TestPlatform;
  readonly shop: Shop;
}

/** What a stranger can do who has read /openapi.json and speaks nothing but HTTP and JSON. */
export const doorFlows = (given: () => Given): void => {
  /** Registered and logged in, by the door. */
  const newcomer = async ({ gatewayUrl }: TestPlatform) => {
    const email = `${newId()}@tandem.test`;
    const password = "a long way to the sea";
    const anybody = openDoor(gatewayUrl);
    const registered = await anybody.rest("POST", "/auth/register", { email, password, displayName: "Ada Park" });
    expect(registered).toMatchObject({ status: 200, body: { email } });
    const { body } = await anybody.rest("POST", "/auth/login", { email, password });
    const { accessToken } = body["tokens"] as { accessToken: string };
    return openDoor(gatewayUrl, async () => accessToken);
  };
  const found = ({ rest }: Shop["customer"], { productId }: Product) =>
    pollUntil(
      async () => {
        const { body } = await rest("GET", "/search?q=product&inStockOnly=true&page.limit=100");
        return (body["hits"] as { document: { documentId: string } }[]).some(
          ({ document }) => document.documentId === productId,
        );
      },
      { timeoutMs: 30_000, intervalMs: 100, message: "the product being found" },
    );
  const checkOut = async ({ rest }: Shop["customer"], { productId, sku }: Product, quantity: number) => {
    const cart = `/carts/${newId()}`;
    const put = await rest("PUT", `${cart}/items/${productId}`, { quantity, sku, currencyCode: "EUR" });
    expect(put).toMatchObject({ status: 200, body: { items: [{ productId, quantity }] } });
    const placed = await rest("POST", `${cart}/checkout`, {
      shippingAddress: address,
      paymentMethod: { card: { token: "tok_visa" } },
    });
    expect(placed).toMatchObject({ status: 200, body: { status: "ORDER_STATUS_PENDING" } });
    return placed.body["orderId"] as string;
  };
  const until = ({ rest }: Shop["customer"], path: string, status: string) =>
    pollUntil(async () => (await rest("GET", path)).body["status"] === status, {
      timeoutMs: 60_000,
      intervalMs: 100,
      message: `${path} being ${status}`,
    });

  it("by plain HTTP at the one door: registered, found, in the cart, checked out, COMPLETED, sent back, refunded", async () => {
    const { platform, shop } = given();
    const product = await shop.addProduct(2);
    const customer = await newcomer(platform);
    await found(customer, product);
    const orderId = await checkOut(customer, product, 2);
    await until(customer, `/orders/${orderId}/timeline`, "ORDER_STATUS_COMPLETED");
    const { body: timeline } = await customer.rest("GET", `/orders/${orderId}/timeline`);
    expect(timeline).toMatchObject({ final: true });
    const steps = (timeline["entries"] as { service: string }[]).map(({ service }) => service);
    expect(new Set(steps)).toEqual(new Set(["order", "warehouse", "payment", "fulfillment", "shipping"]));

    const opened = await customer.rest("POST", `/orders/${orderId}/returns`, {
      lines: [{ productId: product.productId, quantity: 2 }],
      reason: "too small",
    });
    expect(opened).toMatchObject({ status: 200 });
    const asReturn = async () =>
      (await customer.rest("GET", `/orders/${orderId}/returns/${opened.body["returnId"]}`)).body;
    await pollUntil(async () => (await asReturn())["status"] === "RETURN_STATUS_REFUNDED", {
      timeoutMs: 60_000,
      intervalMs: 100,
      message: "the money of a return",
    });
    expect((await asReturn())["refund"]).toEqual({ currencyCode: "EUR", amountMinor: "2380" });
    await until(customer, `/orders/${orderId}`, "ORDER_STATUS_RETURNED");
    // Nobody else's business, by the same door.
    const stranger = await newcomer(platform);
    expect(await stranger.rest("GET", `/orders/${orderId}`)).toMatchObject({
      status: 404,
      body: { error: "order.not_found" },
    });
  });

  it("by plain HTTP, cancelled while it is packed: CANCELLED, and the money was never taken", async () => {
    const { platform, shop } = given();
    const product = await shop.addProduct(1);
    const customer = await newcomer(platform);
    let orderId = "";
    {
      // Packed is as far as it gets meanwhile.
      await using _labels = await platform.databases.hold("shipping", "lock table shipment in exclusive mode");
      orderId = await checkOut(customer, product, 1);
      await until(customer, `/orders/${orderId}`, "ORDER_STATUS_CONFIRMED");
      expect(await customer.rest("POST", `/orders/${orderId}/cancel`, {})).toMatchObject({
        status: 200,
        body: { orderId, cancelRequestedAt: expect.any(String) },
      });
    }
    await until(customer, `/orders/${orderId}`, "ORDER_STATUS_CANCELLED");
    await pollUntil(async () => (await customer.rest("GET", `/orders/${orderId}/timeline`)).body["final"] === true, {
      timeoutMs: 60_000,
      intervalMs: 100,
      message: "the end of the order",
    });
    const payments = await platform.databases.query("payment", "select status from payment where order_id = $1", [
      orderId,
    ]);
    expect(payments).toEqual([{ status: "VOIDED" }]);
  });

  it("by plain HTTP, a forgotten password: the mail's token sets another, the old one and its sessions are over", async () => {
    const { gatewayUrl, inbox } = given().platform;
    const { rest } = openDoor(gatewayUrl);
    const email = `${newId()}@tandem.test`;
    const password = "a long way to the sea";
    await rest("POST", "/auth/register", { email, password, displayName: "Ada Park" });
    const before = await rest("POST", "/auth/login", { email, password });
    const tokenIn = async (subject: RegExp) =>
      pollUntil(
        () =>
          inbox
            .messages({ to: email })
            .find((mail) => subject.test(mail.subject ?? ""))
            ?.text?.match(/code is ([\w-]{43})/)?.[1],
        { timeoutMs: 60_000, intervalMs: 100, message: `a mail with a token: ${subject}` },
      );
    expect(await rest("POST", "/auth/email/confirm", { token: await tokenIn(/confirm/) })).toMatchObject({
      status: 200,
    });
    expect(await rest("POST", "/auth/password/forgotten", { email })).toMatchObject({ status: 200 });
    const token = await tokenIn(/new password/);
    const reset = () => rest("POST", "/auth/password/reset", { token, newPassword: "another way to the sea" });
    expect(await reset()).toMatchObject({ status: 200 });
    expect(await reset()).toMatchObject({ status: 401, body: { error: "auth.verification_invalid" } });
    const { refreshToken } = before.body["tokens"] as { refreshToken: string };
    expect(await rest("POST", "/auth/refresh", { refreshToken })).toMatchObject({ status: 401 });
    expect(await rest("POST", "/auth/login", { email, password })).toMatchObject({ status: 401 });
    const after = await rest("POST", "/auth/login", { email, password: "another way to the sea" });
    expect(after).toMatchObject({ status: 200, body: { user: { emailConfirmedAt: expect.any(String) } } });
  });

  it("while a context is down: a 503 that names it, everything else works; once it is back, so does it", async () => {
    const { platform, shop } = given();
    const product = await shop.addProduct(3);
    const customer = await newcomer(platform);
    const search = () => customer.rest("GET", "/search?q=product");
    await platform.api("search").off();
    try {
      await pollUntil(async () => (await search()).status === 503, { timeoutMs: 20_000, message: "search being down" });
      expect(await search()).toMatchObject({
        status: 503,
        body: { error: "gateway.context_unavailable", message: expect.stringContaining("search"), retryable: true },
      });
      await expect
        .poll(() => customer.rest("GET", "/health"), { timeout: 10_000 })
        .toMatchObject({
          status: 503,
          body: { down: ["search"] },
        });
      const orderId = await checkOut(customer, product, 1);
      await until(customer, `/orders/${orderId}/timeline`, "ORDER_STATUS_COMPLETED");
    } finally {
      await platform.api("search").on();
    }
    // What happened meanwhile was kept for it: its worker never stood still.
    await pollUntil(async () => (await search()).status === 200, { timeoutMs: 30_000, message: "search being back" });
    await found(customer, product);
  });
};
