import { OrderStatus } from "@tandem/contracts/order";
import { address, drain, type Product, payWith } from "@tandem/e2e";
import { newId } from "@tandem/kernel";
import { pollUntil } from "@tandem/testkit";
import { expect, it } from "vitest";
import type { Given } from "./door-flows.ts";

/** ADR 13: from the confirmation on fulfillment decides, for each seller's parcel by itself. */
export const mixedCancellation = (sidecars: "embedded" | "daprd", given: () => Given): void => {
  it("of two sellers, cancelled when one parcel has left: goes on with that one, shrinks by the other, told once", async () => {
    const { platform, shop } = given();
    const { query, hold } = platform.databases;
    const kept = await shop.addProduct(5, 500n, "SKU", await shop.addSeller(`slow-${newId().slice(-8)}`));
    const gone = await shop.addProduct(3);
    await using labels = await hold("shipping", "lock table shipment in exclusive mode");
    const { order } = await shop.customer.orders.createOrder(
      {
        currencyCode: "EUR",
        lines: [
          { productId: kept.productId, quantity: 2 },
          { productId: gone.productId, quantity: 1 },
        ],
        shippingAddress: address,
        paymentMethod: payWith("tok_visa"),
      },
      { headers: { "idempotency-key": newId() } },
    );
    const orderId = order?.orderId ?? "";
    expect(order?.totals?.total?.amountMinor).toBe(2_380n);
    const parcels = () =>
      query<{ id: string; status: string; product: string }>(
        "fulfillment",
        "select id, status, lines -> 0 ->> 'productId' as product from fulfillment where order_id = $1",
        [orderId],
      );
    const parcelOf = async (product: Product) => (await parcels()).find((one) => one.product === product.productId);
    const until = (what: string, holds: () => Promise<boolean>) =>
      pollUntil(holds, { timeoutMs: 60_000, intervalMs: 50, message: what });
    const isAt = (product: Product, ...statuses: readonly string[]) =>
      until(`a parcel being ${statuses[0]}`, async () => statuses.includes((await parcelOf(product))?.status ?? ""));
    {
      // Both are packed, and no label is printed until we let it: nobody has to be quick here.
      await isAt(kept, "PACKED");
      await isAt(gone, "PACKED");
      await using _row = await hold("fulfillment", "select 1 from fulfillment where id = $1 for update", [
        (await parcelOf(kept))?.id,
      ]);
      await shop.customer.orders.cancelOrder({ orderId });
      await until("fulfillment being asked, and waiting for the row", async () => {
        const waiting = await query(
          "fulfillment",
          "select 1 from pg_locks where not granted and locktype = 'transactionid'",
        );
        return waiting.length > 0;
      });
      await labels[Symbol.asyncDispose]();
      await isAt(gone, "HANDED_OVER", "SHIPPED", "DELIVERED");
      // The other's label is printed as well by now, and waits behind the question.
    }

    expect(await shop.outcomeOf(orderId)).toBe(OrderStatus.COMPLETED);
    expect((await parcels()).map(({ product, status }) => [product, status]).sort()).toEqual(
      [
        [gone.productId, "DELIVERED"],
        [kept.productId, "CANCELLED"],
      ].sort(),
    );
    const { order: after } = await shop.customer.orders.getOrder({ orderId });
    expect(after?.totals?.total?.amountMinor).toBe(1_190n);
    expect(after?.lines.map(({ productId, shortQuantity }) => [productId, shortQuantity]).sort()).toEqual(
      [
        [gone.productId, 0],
        [kept.productId, 2],
      ].sort(),
    );
    await drain(platform.databases, { sidecars, timeoutMs: 120_000 });

    const sent = await query("shipping", "select status from shipment where order_id = $1 order by status", [orderId]);
    expect(sent).toEqual([{ status: "CANCELLED" }, { status: "DELIVERED" }]);

    // What was taken of the card, less what was given back, is what came.
    const [payment] = await query<{ status: string; captured: string; refunded: string }>(
      "payment",
      "select status, captured_minor as captured, refunded_minor as refunded from payment where order_id = $1",
      [orderId],
    );
    expect(Number(payment?.captured) - Number(payment?.refunded)).toBe(1_190);
    const stock = await query<{ product: string; onHand: number; reserved: number }>(
      "warehouse",
      `select product_id as product, on_hand::int as "onHand", reserved::int as reserved from stock where product_id = any ($1)`,
      [[gone.productId, kept.productId]],
    );
    expect(new Map(stock.map(({ product, onHand, reserved }) => [product, [onHand, reserved]]))).toEqual(
      new Map([
        [gone.productId, [2, 0]],
        [kept.productId, [5, 0]],
      ]),
    );
    const told = await query<{ template: string }>(
      "notification",
      "select template from notification where order_id = $1 and channel = 'EMAIL' order by created_at",
      [orderId],
    );
    const mails = told.map(({ template }) => template);
    expect(mails.filter((name) => name === "order.shortened")).toHaveLength(1);
    expect(mails).not.toContain("order.cancelled");
  });
};
