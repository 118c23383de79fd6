import { newId } from "@tandem/kernel";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { cancelled, type Harness, startHarness, type TestOrder, testOrder, updated } from "./harness.ts";

let payment: Harness;
beforeAll(async () => {
  payment = await startHarness();
});
afterAll(() => payment[Symbol.asyncDispose]());

const topics = async ({ orderId }: TestOrder) => (await payment.announced(orderId)).map(({ topic }) => topic);
const bankOf = async ({ orderId }: TestOrder) =>
  (
    await payment.database.query<{ kind: string; n: number }>(
      `select b.kind, count(*)::int as n from provider_sim.operation b join operation o on o.id = b.operation_id
       join payment p on p.id = o.payment_id where p.order_id = $1 and b.status <> 'FAILED' group by 1 order by 1`,
      [orderId],
    )
  ).rows.map(({ kind, n }) => `${kind} ${n}`);

describe("an order's events", () => {
  it("authorize, capture and announce once, however often each is delivered", async () => {
    const order = testOrder();
    const ids = [newId(), newId()];
    const reserved = updated(order, "STOCK_RESERVED");
    // Redeliveries of one event, and the same news under a new id.
    const deliveries = await Promise.all([ids[0], ids[0], ids[1]].map((id) => payment.deliver(...reserved, id)));
    expect(deliveries).toContain("ack");
    await payment.until(order.orderId, "payment.authorized");
    for (const _ of [1, 2]) expect(await payment.deliver(...updated(order, "SHIPPED"))).toBe("ack");
    await payment.until(order.orderId, "payment.captured");
    expect(await payment.deliver(...updated(order, "SHIPPED"))).toBe("ack");
    expect(await payment.deliver(...updated(order, "DELIVERED"))).toBe("ack");
    expect(await payment.deliver(...reserved, ids[0])).toBe("ack");
    expect(await topics(order)).toEqual(["payment.authorized", "payment.captured"]);
    expect(await bankOf(order)).toEqual(["AUTHORIZE 1", "CAPTURE 1"]);
    expect((await payment.paymentRow(order.orderId))?.card_token).toBe("");
  });

  it("that come before the payment are asked for again", async () => {
    const order = testOrder();
    expect(await payment.deliver(...updated(order, "SHIPPED"))).toBe("retry");
    expect(await payment.paymentRow(order.orderId)).toBeUndefined();
  });

  it("in cash never touch the provider, also when the money goes back", async () => {
    const order = testOrder("", "COD");
    await payment.deliver(...updated(order, "STOCK_RESERVED"));
    await payment.deliver(...updated(order, "SHIPPED"));
    expect(await topics(order)).toEqual(["payment.authorized"]);
    await payment.deliver(...updated(order, "DELIVERED"));
    await payment.deliver(...cancelled(order));
    await payment.until(order.orderId, "payment.refunded");
    expect(await topics(order)).toEqual(["payment.authorized", "payment.captured", "payment.refunded"]);
    expect(await bankOf(order)).toEqual([]);
  });

  it("reach a card at the door that was not captured on the way", async () => {
    const order = testOrder();
    await payment.deliver(...updated(order, "STOCK_RESERVED"));
    await payment.until(order.orderId, "payment.authorized");
    await payment.deliver(...updated(order, "DELIVERED"));
    await payment.until(order.orderId, "payment.captured");
    expect(await bankOf(order)).toEqual(["AUTHORIZE 1", "CAPTURE 1"]);
  });
});

describe("a cancellation", () => {
  it("that comes first closes the payment: the late reservation charges nothing, the shipment neither", async () => {
    const order = testOrder();
    expect(await payment.deliver(...cancelled(order))).toBe("ack");
    expect(await payment.deliver(...updated(order, "STOCK_RESERVED"))).toBe("ack");
    expect(await payment.deliver(...updated(order, "SHIPPED"))).toBe("ack");
    const [answer, ...more] = await payment.announced(order.orderId);
    expect(answer).toMatchObject({ topic: "payment.refunded", data: { reason: "nothing_charged" } });
    expect(more).toEqual([]);
    expect(await bankOf(order)).toEqual([]);
  });

  it.each(["tok_visa", "tok_late", "tok_timeout", "tok_flaky"])(
    "that overtakes an authorization is answered after the money is free again: %s",
    async (token) => {
      const order = testOrder(token);
      await Promise.all([
        payment.deliver(...updated(order, "STOCK_RESERVED")),
        payment.deliver(...updated(order, "STOCK_RESERVED")),
      ]);
      await payment.deliver(...cancelled(order));
      await payment.until(order.orderId, "payment.refunded");
      expect((await payment.paymentRow(order.orderId))?.status).toBe("VOIDED");
      expect(await bankOf(order)).toEqual(["AUTHORIZE 1", "VOID 1"]);
    },
  );

  it("is answered each time it is asked, and voids once", async () => {
    const order = testOrder();
    await payment.deliver(...updated(order, "STOCK_RESERVED"));
    await payment.until(order.orderId, "payment.authorized");
    const id = newId();
    await payment.deliver(...cancelled(order), id);
    await payment.deliver(...cancelled(order), id);
    await payment.until(order.orderId, "payment.refunded", 1);
    await payment.deliver(...cancelled(order), id);
    expect((await topics(order)).filter((topic) => topic === "payment.refunded")).toHaveLength(1);
    await payment.deliver(...cancelled(order));
    expect((await topics(order)).filter((topic) => topic === "payment.refunded")).toHaveLength(2);
    expect(await bankOf(order)).toEqual(["AUTHORIZE 1", "VOID 1"]);
  });

  it("of a shipped order gives back what the capture under way takes", async () => {
    const order = testOrder();
    await payment.deliver(...updated(order, "STOCK_RESERVED"));
    await payment.until(order.orderId, "payment.authorized");
    await Promise.all([payment.deliver(...updated(order, "SHIPPED")), payment.deliver(...cancelled(order))]);
    await payment.until(order.orderId, "payment.refunded");
    const row = await payment.paymentRow(order.orderId);
    expect(row?.captured_minor).toBe(row?.refunded_minor);
    expect(["VOIDED", "REFUNDED"]).toContain(row?.status);
  });

  it("of a refused payment is answered, with nothing to give back", async () => {
    const order = testOrder("tok_declined");
    await payment.deliver(...updated(order, "STOCK_RESERVED"));
    await payment.until(order.orderId, "payment.failed");
    await payment.deliver(...cancelled(order));
    const answers = await payment.until(order.orderId, "payment.refunded");
    expect(answers.at(-1)?.data).toMatchObject({ reason: "nothing_charged" });
    expect(await bankOf(order)).toEqual([]);
  });

  it("without its totals is a dead letter, not a loop", async () => {
    const order = testOrder();
    const [schema, message] = cancelled(order);
    if (message.order) delete message.order.totals;
    expect(await payment.deliver(schema, message)).toBe("ack");
    const { rows } = await payment.database.query("select 1 from tandem.dead_letter where consumer = $1", [
      "payment.on-order-cancelled",
    ]);
    expect(rows).toHaveLength(1);
  });
});
