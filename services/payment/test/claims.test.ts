import { OrderUpdatedSchema } from "@tandem/contracts/order";
import { newId } from "@tandem/kernel";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import {
  cancelled,
  type Harness,
  returned,
  shortened,
  startHarness,
  type TestOrder,
  testOrder,
  updated,
} from "./harness.ts";

let payment: Harness;
beforeAll(async () => {
  payment = await startHarness();
});
afterAll(() => payment[Symbol.asyncDispose]());

const bankOf = async ({ orderId }: TestOrder) =>
  (
    await payment.database.query<{ kind: string; amount: string }>(
      `select b.kind, b.amount_minor::text as amount from provider_sim.operation b join operation o on o.id = b.operation_id
       join payment p on p.id = o.payment_id where p.order_id = $1 order by o.id`,
      [orderId],
    )
  ).rows.map(({ kind, amount }) => `${kind} ${amount}`);
const captured = async (order = testOrder()) => {
  await payment.deliver(...updated(order, "STOCK_RESERVED"));
  await payment.until(order.orderId, "payment.authorized");
  await payment.deliver(...updated(order, "DELIVERED"));
  await payment.until(order.orderId, "payment.captured");
  return order;
};
const refunds = async ({ orderId }: TestOrder, times: number) =>
  (await payment.until(orderId, "payment.refunded", times))
    .filter(({ topic }) => topic === "payment.refunded")
    .map(({ data }) => data as { reason: string; amount: { amountMinor?: string }; totalRefunded: object });

describe("goods that come back", () => {
  it("are refunded once per return, in part, and the answer names the return", async () => {
    const order = await captured();
    const [one, two] = [newId(), newId()];
    const deliveries = await Promise.all(
      [one, one, two, one, two].map((id) => payment.deliver(...returned(order, id, id === one ? 1_000n : 462n))),
    );
    expect(new Set(deliveries)).toEqual(new Set(["ack"]));
    const told = await refunds(order, 2);
    expect(told.map(({ reason, amount }) => [reason, amount.amountMinor]).sort()).toEqual(
      [
        [`return ${one}`, "1000"],
        [`return ${two}`, "462"],
      ].sort(),
    );
    expect(await payment.deliver(...returned(order, one, 1_000n))).toBe("ack");
    expect(await payment.paymentRow(order.orderId)).toMatchObject({
      status: "PARTIALLY_REFUNDED",
      refunded_minor: "1462",
    });
    expect((await bankOf(order)).filter((line) => line.startsWith("REFUND")).sort()).toEqual([
      "REFUND 1000",
      "REFUND 462",
    ]);
  });

  it("get back no more than was captured; a claim on nothing is answered with nothing", async () => {
    const order = await captured();
    const [most, more, none] = [newId(), newId(), newId()];
    await payment.deliver(...returned(order, most, 6_000n));
    await refunds(order, 1);
    await payment.deliver(...returned(order, more, 6_000n));
    await refunds(order, 2);
    await payment.deliver(...returned(order, none, 6_000n));
    expect((await refunds(order, 3)).map(({ reason, amount }) => [reason, amount.amountMinor ?? "0"])).toEqual([
      [`return ${most}`, "6000"],
      [`return ${more}`, "462"],
      [`return ${none}`, "0"],
    ]);
    expect(await payment.paymentRow(order.orderId)).toMatchObject({ status: "REFUNDED", refunded_minor: "6462" });
  });

  it("wait for a capture that is still under way", async () => {
    const order = testOrder();
    await payment.deliver(...updated(order, "STOCK_RESERVED"));
    await payment.until(order.orderId, "payment.authorized");
    const returnId = newId();
    expect(await payment.deliver(...returned(order, returnId, 500n))).toBe("ack");
    expect(await payment.deliver(...updated(order, "SHIPPED"))).toBe("ack");
    expect((await refunds(order, 1))[0]).toMatchObject({
      reason: `return ${returnId}`,
      amount: { amountMinor: "500" },
    });
    expect(await bankOf(order)).toEqual(["AUTHORIZE 6462", "CAPTURE 6462", "REFUND 500"]);
  });

  it("in cash are refunded on paper, without the provider", async () => {
    const order = testOrder("", "COD");
    await payment.deliver(...updated(order, "STOCK_RESERVED"));
    await payment.deliver(...updated(order, "DELIVERED"));
    await payment.deliver(...returned(order, newId(), 500n));
    await refunds(order, 1);
    expect(await payment.paymentRow(order.orderId)).toMatchObject({ refunded_minor: "500" });
    expect(await bankOf(order)).toEqual([]);
  });

  it("before the payment are delivered again; named wrongly or not at all they are a dead letter", async () => {
    const unknown = testOrder();
    expect(await payment.deliver(...returned(unknown, newId(), 1n))).toBe("retry");
    const order = await captured();
    const [, right] = returned(order, newId(), 1n);
    for (const wrong of [{ ...right, returnId: newId() }, { ...right, returnId: "" }, returned(order, newId(), -1n)[1]])
      expect(await payment.deliver(OrderUpdatedSchema, wrong)).toBe("ack");
    expect(await payment.paymentRow(order.orderId)).toMatchObject({ status: "CAPTURED", refunded_minor: "0" });
    const { rows } = await payment.database.query("select 1 from tandem.dead_letter where subject = $1", [
      order.orderId,
    ]);
    expect(rows).toHaveLength(3);
  });
});

describe("pieces that are never sent", () => {
  it("before the capture: less is captured", async () => {
    const order = testOrder();
    await payment.deliver(...updated(order, "STOCK_RESERVED"));
    await payment.until(order.orderId, "payment.authorized");
    for (const _ of [1, 2]) expect(await payment.deliver(...shortened(order, 5_000n))).toBe("ack");
    await payment.deliver(...updated(order, "SHIPPED"));
    await payment.until(order.orderId, "payment.captured");
    expect(await payment.paymentRow(order.orderId)).toMatchObject({ captured_minor: "5000", refunded_minor: "0" });
    expect(await bankOf(order)).toEqual(["AUTHORIZE 6462", "CAPTURE 5000"]);
  });

  it("after the capture: the rest goes back, once, and again when it shrinks again; older news is nothing", async () => {
    const order = await captured();
    for (const _ of [1, 2, 3]) expect(await payment.deliver(...shortened(order, 5_000n, 4n))).toBe("ack");
    await refunds(order, 1);
    await payment.deliver(...shortened(order, 4_000n, 6n));
    await payment.deliver(...shortened(order, 1_000n, 5n));
    expect((await refunds(order, 2)).map(({ amount }) => amount.amountMinor)).toEqual(["1462", "1000"]);
    const returnId = newId();
    await payment.deliver(...returned(order, returnId, 6_462n));
    expect((await refunds(order, 3)).at(-1)).toMatchObject({ amount: { amountMinor: "4000" } });
    expect(await payment.paymentRow(order.orderId)).toMatchObject({ status: "REFUNDED" });
  });

  it("while the capture is under way: what was too much goes back when it is done", async () => {
    const order = testOrder();
    await payment.deliver(...updated(order, "STOCK_RESERVED"));
    await payment.until(order.orderId, "payment.authorized");
    await Promise.all([payment.deliver(...updated(order, "SHIPPED")), payment.deliver(...shortened(order, 5_000n))]);
    await payment.until(order.orderId, "payment.captured");
    const net = async () => {
      const row = await payment.paymentRow(order.orderId);
      return Number(row?.captured_minor) - Number(row?.refunded_minor);
    };
    await expect.poll(net, { timeout: 10_000 }).toBe(5_000);
  });

  it("of a cancelled order: everything goes back, once", async () => {
    const order = await captured();
    await payment.deliver(...shortened(order, 5_000n));
    await payment.deliver(...returned(order, newId(), 300n));
    await payment.deliver(...cancelled(order));
    await expect
      .poll(async () => (await payment.paymentRow(order.orderId))?.refunded_minor, { timeout: 10_000 })
      .toBe("6462");
    const bank = await bankOf(order);
    const back = bank.filter((line) => line.startsWith("REFUND")).map((line) => Number(line.split(" ")[1]));
    expect(back.reduce((sum, amount) => sum + amount, 0)).toBe(6_462);
  });
});

describe("an order that is shortened to nothing to pay before the capture", () => {
  const authorized = async (order = testOrder()) => {
    await payment.deliver(...updated(order, "STOCK_RESERVED"));
    await payment.until(order.orderId, "payment.authorized");
    return order;
  };
  const topicsOf = async ({ orderId }: TestOrder) => (await payment.announced(orderId)).map(({ topic }) => topic);

  it("gets its hold back at once, and counts as paid: nothing is ever captured", async () => {
    const order = await authorized();
    for (const _ of [1, 2]) expect(await payment.deliver(...shortened(order, 0n))).toBe("ack");
    await payment.until(order.orderId, "payment.captured");
    // What order says later, again, or had said before.
    await payment.deliver(...shortened(order, 5_000n, 3n));
    for (const change of ["SHIPPED", "SHIPPED", "DELIVERED"] as const) await payment.deliver(...updated(order, change));
    expect(await bankOf(order)).toEqual(["AUTHORIZE 6462", "VOID 6462"]);
    expect(await payment.paymentRow(order.orderId)).toMatchObject({
      status: "VOIDED",
      captured_minor: "0",
      refunded_minor: "0",
    });
    const [, told, ...more] = await payment.announced(order.orderId);
    expect(told).toMatchObject({ topic: "payment.captured", data: { amount: { currencyCode: "EUR" } } });
    expect(JSON.stringify(told?.data)).not.toMatch(/"amountMinor":"?[1-9]/);
    expect(more).toEqual([]);
  });

  it("is not captured either when it is told together with the dispatch", async () => {
    const order = await authorized();
    await payment.deliver(...updated(order, "SHIPPED", { amountMinor: 0n, version: 5n }));
    await payment.until(order.orderId, "payment.captured");
    await payment.deliver(...shortened(order, 0n));
    expect(await bankOf(order)).toEqual(["AUTHORIZE 6462", "VOID 6462"]);
    expect(await topicsOf(order)).toEqual(["payment.authorized", "payment.captured"]);
  });

  it("answers the return of what cost nothing with nothing", async () => {
    const order = await authorized();
    await payment.deliver(...shortened(order, 0n));
    await payment.until(order.orderId, "payment.captured");
    const returnId = newId();
    await payment.deliver(...returned(order, returnId, 0n));
    expect((await refunds(order, 1))[0]).toMatchObject({ reason: `return ${returnId}` });
    expect(await bankOf(order)).toEqual(["AUTHORIZE 6462", "VOID 6462"]);
  });

  it("answers a cancellation, before or after the hold is back, with one void", async () => {
    for (const wait of [true, false]) {
      const order = await authorized();
      await payment.deliver(...shortened(order, 0n));
      if (wait) await payment.until(order.orderId, "payment.captured");
      await payment.deliver(...cancelled(order));
      await payment.until(order.orderId, "payment.refunded");
      expect(await bankOf(order)).toEqual(["AUTHORIZE 6462", "VOID 6462"]);
    }
  });

  it("in cash asks nobody for nothing, and is paid at the door", async () => {
    const order = testOrder("", "COD");
    await payment.deliver(...updated(order, "STOCK_RESERVED"));
    await payment.deliver(...shortened(order, 0n));
    await payment.deliver(...updated(order, "DELIVERED"));
    await payment.until(order.orderId, "payment.captured");
    expect(await payment.paymentRow(order.orderId)).toMatchObject({ status: "CAPTURED", captured_minor: "0" });
    expect(await bankOf(order)).toEqual([]);
  });

  it("is released when staff asks for the capture", async () => {
    const order = await authorized();
    await payment.database.query("update payment set total_minor = 0, order_version = 4 where order_id = $1", [
      order.orderId,
    ]);
    const row = await payment.paymentRow(order.orderId);
    const authorization = `Bearer ${await payment.tokens.mint({ subject: "s", roles: ["staff"] })}`;
    await payment.http(`/payments/${row?.id}/capture`, { method: "POST", body: {}, headers: { authorization } });
    await payment.until(order.orderId, "payment.captured");
    expect(await bankOf(order)).toEqual(["AUTHORIZE 6462", "VOID 6462"]);
  });
});
