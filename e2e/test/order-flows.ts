import { Code, ConnectError } from "@connectrpc/connect";
import { type Order, OrderStatus, ReturnStatus } from "@tandem/contracts/order";
import {
  address,
  checkInvariants,
  daprdSidecars,
  drain,
  openShop,
  payWith,
  type Shop,
  startPlatform,
  type TestPlatform,
} from "@tandem/e2e";
import { newId } from "@tandem/kernel";
import { pollUntil } from "@tandem/testkit";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { doorFlows } from "./door-flows.ts";
import { mixedCancellation } from "./mixed-cancellation.ts";

const { CANCELLED, COMPLETED, CONFIRMED, PENDING, RETURNED } = OrderStatus;

/** Orders of every kind from their beginning to their end; the same through either kind of sidecar. */
export const orderFlows = (sidecars: "embedded" | "daprd"): void => {
  let platform: TestPlatform;
  let shop: Shop;

  beforeAll(async () => {
    platform = await startPlatform({
      ...(sidecars === "daprd" ? { sidecars: daprdSidecars } : {}),
      processes: ["payment"],
    });
    shop = await openShop(platform);
  }, 300_000);
  afterAll(() => platform?.[Symbol.asyncDispose](), 60_000);

  const paymentsOf = (orderId: string) =>
    platform.databases.query(
      "payment",
      "select method, status, failure_code as code from payment where order_id = $1",
      [orderId],
    );
  const sagaStateOf = async (orderId: string) =>
    (await platform.databases.query("order", "select state from tandem.saga where id = $1", [orderId]))[0]?.["state"];
  const ordersOf = (productId: string) =>
    platform.databases.query(
      "order",
      "select id, status from orders where lines @> jsonb_build_array(jsonb_build_object('productId', $1::text))",
      [productId],
    );
  /** Payment does not answer while it stands still: the order waits for its money. */
  const whilePaymentStandsStill = async (work: () => Promise<void>) => {
    platform.worker("payment").pause();
    try {
      await work();
    } finally {
      platform.worker("payment").resume();
    }
  };
  const untilAuthorizing = (orderId: string) =>
    pollUntil(async () => (await sagaStateOf(orderId)) === "authorizing_payment", {
      timeoutMs: 30_000,
      message: "the order waiting for its payment",
    });
  const cancel = (orderId: string) => shop.customer.orders.cancelOrder({ orderId });

  describe(`an order through ${sidecars} sidecars`, { timeout: sidecars === "daprd" ? 240_000 : 90_000 }, () => {
    it("by card, by cash on delivery, by a bank that is slow or flaky: COMPLETED and paid once", async () => {
      const product = await shop.addProduct(10);
      const ways = ["tok_visa", "cod", "tok_timeout", "tok_late", "tok_flaky"];
      const orders = await Promise.all(ways.map((pay) => shop.placeOrder({ product, quantity: 2, pay })));
      expect(orders.map(({ status }) => status)).toEqual(ways.map(() => PENDING));
      expect(await Promise.all(orders.map(({ orderId }) => shop.outcomeOf(orderId)))).toEqual(
        ways.map(() => COMPLETED),
      );
      for (const [at, { orderId }] of orders.entries()) {
        expect(await paymentsOf(orderId)).toMatchObject([
          { method: ways[at] === "cod" ? "COD" : "CARD", status: "CAPTURED" },
        ]);
      }
    });

    it("with a declined card, or more than there is: CANCELLED, with the reason, nothing taken", async () => {
      const product = await shop.addProduct(3);
      const [declined, tooMany] = await Promise.all([
        shop.placeOrder({ product, pay: "tok_declined" }),
        shop.placeOrder({ product, quantity: 4 }),
      ]);
      expect(await shop.outcomeOf(declined.orderId)).toBe(CANCELLED);
      expect(await shop.outcomeOf(tooMany.orderId)).toBe(CANCELLED);
      expect(await paymentsOf(declined.orderId)).toMatchObject([{ status: "FAILED", code: "DECLINED" }]);
      const reasons = await platform.databases.query(
        "order",
        "select cancel_reason as reason from orders where id = any ($1) order by id",
        [[declined.orderId, tooMany.orderId].sort()],
      );
      expect(new Set(reasons.map(({ reason }) => reason))).toEqual(new Set(["PAYMENT_FAILED", "OUT_OF_STOCK"]));
    });

    it("cancelled before it is confirmed: the authorization on its way is taken back", async () => {
      const product = await shop.addProduct(1);
      let order: Order | undefined;
      await whilePaymentStandsStill(async () => {
        order = await shop.placeOrder({ product });
        await untilAuthorizing(order.orderId);
        expect((await cancel(order.orderId)).order?.status).toBe(CANCELLED);
        expect((await cancel(order.orderId)).order?.status).toBe(CANCELLED);
      });
      expect(await shop.outcomeOf(order?.orderId ?? "")).toBe(CANCELLED);
      // The piece is there for the next.
      const next = await shop.placeOrder({ product });
      expect(await shop.outcomeOf(next.orderId)).toBe(COMPLETED);
    });

    it("cancelled after it is confirmed: voided and back on the shelf; after it has left: refused", async () => {
      const product = await shop.addProduct(2);
      // No label is printed until we let it: nobody has to be quick here.
      const labels = await platform.databases.hold("shipping", "lock table shipment in exclusive mode");
      const [regretted, kept] = await Promise.all([shop.placeOrder({ product }), shop.placeOrder({ product })]);
      try {
        await shop.untilStatus(regretted.orderId, CONFIRMED);
        // Fulfillment says whether it can still be held back: until then it is what it was.
        const asked = (await cancel(regretted.orderId)).order;
        expect(asked).toMatchObject({ status: CONFIRMED, cancelRequestedAt: expect.anything() });
      } finally {
        await labels[Symbol.asyncDispose]();
      }
      expect(await shop.outcomeOf(regretted.orderId)).toBe(CANCELLED);
      expect(await paymentsOf(regretted.orderId)).toMatchObject([{ status: "VOIDED" }]);
      expect(await shop.outcomeOf(kept.orderId)).toBe(COMPLETED);
      const refusal = await cancel(kept.orderId).catch((error: unknown) => ConnectError.from(error));
      expect(refusal).toMatchObject({ code: Code.FailedPrecondition });
    });

    it("for the last piece, eight customers at once: exactly one gets it", async () => {
      const product = await shop.addProduct(1);
      const orders = await Promise.all(Array.from({ length: 8 }, () => shop.placeOrder({ product })));
      const outcomes = await Promise.all(orders.map(({ orderId }) => shop.outcomeOf(orderId)));
      expect(outcomes.filter((status) => status === COMPLETED)).toHaveLength(1);
      expect(outcomes.filter((status) => status === CANCELLED)).toHaveLength(7);
    });

    it("sent twice with the same key, at once and later: one order", async () => {
      const product = await shop.addProduct(9);
      const request = { product, idempotencyKey: newId() };
      // The second may be told that the first is still being worked on; it then asks again.
      const send = () => pollUntil(() => shop.placeOrder(request), { timeoutMs: 20_000, intervalMs: 50 });
      const [one, two] = await Promise.all([send(), send()]);
      const three = await send();
      expect([two.orderId, three.orderId]).toEqual([one.orderId, one.orderId]);
      expect(await ordersOf(product.productId)).toHaveLength(1);
    });

    it("of a cart that is checked out twice at once: one order", async () => {
      const product = await shop.addProduct(9);
      const cartId = newId();
      await shop.customer.carts.putCartItem({
        cartId,
        productId: product.productId,
        sku: product.sku,
        quantity: 3,
        currencyCode: "EUR",
      });
      const send = () =>
        shop.customer.carts.checkoutCart({ cartId, shippingAddress: address, paymentMethod: payWith("tok_visa") });
      const answers = await Promise.allSettled([send(), send(), send()]);
      const ids = answers.flatMap((answer) => (answer.status === "fulfilled" ? [answer.value.order?.orderId] : []));
      expect(ids.length).toBeGreaterThan(0);
      expect(new Set(ids).size).toBe(1);
      expect(await ordersOf(product.productId)).toMatchObject([{ id: ids[0] }]);
      expect(await shop.outcomeOf(ids[0] ?? "")).toBe(COMPLETED);
    });

    it("whose reservation runs out while the bank is silent: CANCELLED, and a late authorization is taken back", async () => {
      const product = await shop.addProduct(1);
      let order: Order | undefined;
      await whilePaymentStandsStill(async () => {
        order = await shop.placeOrder({ product });
        await untilAuthorizing(order.orderId);
        // Half an hour goes by.
        await platform.databases.query(
          "warehouse",
          "update reservation set expires_at = now() - interval '1 s' where order_id = $1",
          [order.orderId],
        );
        await shop.runJob("warehouse", "warehouse.reservation-expiry");
        await shop.untilStatus(order.orderId, CANCELLED);
      });
      expect(await shop.outcomeOf(order?.orderId ?? "")).toBe(CANCELLED);
      const next = await shop.placeOrder({ product });
      expect(await shop.outcomeOf(next.orderId)).toBe(COMPLETED);
    });

    it("of which a piece is not found: COMPLETED without it, and paid for what came", async () => {
      const product = await shop.addProduct(5, 1_000n, "SHORT");
      const { orderId } = await shop.placeOrder({ product, quantity: 3 });
      expect(await shop.outcomeOf(orderId)).toBe(COMPLETED);
      const { order } = await shop.customer.orders.getOrder({ orderId });
      expect(order).toMatchObject({ lines: [{ quantity: 2, shortQuantity: 1 }] });
      expect(order?.totals?.total?.amountMinor).toBe(2_380n);
    });

    it("of which a piece follows later: COMPLETED when the second parcel is at the door", async () => {
      const product = await shop.addProduct(5, 1_000n, "BACKORDER");
      const { orderId } = await shop.placeOrder({ product, quantity: 3 });
      expect(await shop.outcomeOf(orderId)).toBe(COMPLETED);
      expect(
        await platform.databases.query(
          "fulfillment",
          "select part, status, lines -> 0 ->> 'quantity' as pieces from fulfillment where order_id = $1 order by part",
          [orderId],
        ),
      ).toEqual([
        { part: 1, status: "DELIVERED", pieces: "2" },
        { part: 2, status: "DELIVERED", pieces: "1" },
      ]);
    });

    it("sent back piece by piece: goods on the shelf, money with the customer, RETURNED with the last", async () => {
      const product = await shop.addProduct(2);
      const { orderId } = await shop.placeOrder({ product, quantity: 2 });
      expect(await shop.outcomeOf(orderId)).toBe(COMPLETED);
      for (const status of [COMPLETED, RETURNED]) {
        const { return: opened } = await shop.customer.orders.createReturn({
          orderId,
          lines: [{ productId: product.productId, quantity: 1 }],
          reason: "too small",
        });
        const returnId = opened?.returnId ?? "";
        const refunded = async () =>
          (await shop.customer.orders.getReturn({ orderId, returnId })).return?.status === ReturnStatus.REFUNDED;
        await pollUntil(refunded, { timeoutMs: 30_000, intervalMs: 100, message: "the money of a return" });
        expect((await shop.customer.orders.getOrder({ orderId })).order?.status).toBe(status);
      }
      const next = await shop.placeOrder({ product, quantity: 2 });
      expect(await shop.outcomeOf(next.orderId)).toBe(COMPLETED);
    });

    mixedCancellation(sidecars, () => ({ platform, shop }));

    doorFlows(() => ({ platform, shop }));

    it("of any of these kinds leaves stock, money, messages and sagas that add up", async () => {
      await drain(platform.databases, { sidecars, timeoutMs: 120_000 });
      // A real broker's queue cannot be asked: what is on its way still reaches its inbox.
      await expect.poll(() => checkInvariants(platform.databases), { timeout: 90_000, interval: 500 }).toEqual([]);
    });

    it("that went wrong would be found: each planted violation is named", async () => {
      const plant = (context: "order" | "payment" | "warehouse", sql: string) => platform.databases.query(context, sql);
      await plant(
        "order",
        "delete from tandem.outbox_event where id = (select id from tandem.outbox_event where topic = 'order.created' limit 1)",
      );
      await plant(
        "warehouse",
        "delete from tandem.inbox where event_id = (select event_id from tandem.inbox where consumer like '%confirmed%' limit 1)",
      );
      await plant(
        "warehouse",
        "update stock set on_hand = on_hand + 1 where product_id = (select product_id from stock limit 1)",
      );
      await plant(
        "payment",
        "delete from provider_sim.operation where operation_id = (select operation_id from provider_sim.operation where kind = 'CAPTURE' limit 1)",
      );
      await plant(
        "order",
        "update orders set status = 'COMPLETED' where id = (select id from orders where status = 'CANCELLED' limit 1)",
      );
      await plant(
        "order",
        "update cart_product set price_version = price_version - 1 where product_id = (select product_id from cart_product limit 1)",
      );
      const violations = (await checkInvariants(platform.databases)).join("\n");
      for (const rule of [
        "a price that carts do not know as it was announced",
        "pending + leased + sent + dead = inserted",
        "which nobody wrote",
        "never handled order.confirmed",
        "stock differs from its ledger",
        "the bank and our operations disagree",
        "order and saga disagree",
        "due, 0 kept",
      ]) {
        expect(violations).toContain(rule);
      }
    });
  });
};
