import {
  PaymentAuthorizedSchema,
  PaymentCapturedSchema,
  PaymentFailedSchema,
  PaymentFailureCode,
  PaymentOperation,
  PaymentRefundedSchema,
} from "@tandem/contracts/payment";
import { ShipmentDeliveredSchema, ShipmentDispatchedSchema } from "@tandem/contracts/shipping";
import {
  ReleaseReason,
  StockRejectedSchema,
  StockReleasedSchema,
  StockReservedSchema,
} from "@tandem/contracts/warehouse";
import { newId } from "@tandem/kernel";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type Harness, orderBody, startHarness } from "./harness.ts";

let order: Harness;
beforeAll(async () => {
  order = await startHarness();
});
afterAll(() => order[Symbol.asyncDispose]());

const occurredAt = { seconds: 1n, nanos: 0 };
const about = (orderId: string) => ({ orderId, aggregateVersion: 1n, occurredAt });

/** What the other contexts would say about one order. The same answer always has the same event id: saying it again is a redelivery. */
const answersAbout = (orderId: string, sellerId: string) => {
  const ids = new Map<string, string>();
  const once = (name: string) => ids.get(name) ?? ids.set(name, newId()).get(name);
  const [paymentId, reservationId, shipmentId] = [newId(), newId(), newId()];
  const parcel = { ...about(orderId), shipmentId, sellerId };
  const payment = { ...about(orderId), paymentId };
  return {
    reserved: () => order.deliver(StockReservedSchema, { ...about(orderId), reservationId }, once("reserved")),
    rejected: () => order.deliver(StockRejectedSchema, { ...about(orderId), reservationId }, once("rejected")),
    released: (reason: ReleaseReason = ReleaseReason.ORDER_CANCELLED) =>
      order.deliver(StockReleasedSchema, { ...about(orderId), reservationId, reason }, once(`released ${reason}`)),
    authorized: () => order.deliver(PaymentAuthorizedSchema, payment, once("authorized")),
    declined: () =>
      order.deliver(
        PaymentFailedSchema,
        { ...payment, operation: PaymentOperation.AUTHORIZE, failureCode: PaymentFailureCode.DECLINED },
        once("declined"),
      ),
    captured: () => order.deliver(PaymentCapturedSchema, payment, once("captured")),
    refunded: () => order.deliver(PaymentRefundedSchema, payment, once("refunded")),
    dispatched: () =>
      order.deliver(ShipmentDispatchedSchema, { ...parcel, carrier: "Test", trackingNumber: "T1" }, once("dispatched")),
    delivered: () => order.deliver(ShipmentDeliveredSchema, parcel, once("delivered")),
  };
};
type Answers = ReturnType<typeof answersAbout>;
type Step = keyof Answers;

const place = async (over: object = {}) => {
  const sellerId = newId();
  const as = await order.tokens.customer();
  const body = orderBody([order.sell(1_000n, sellerId)], over);
  const { json } = await order.http("/orders", { method: "POST", as, body });
  const orderId = json.data.orderId as string;
  const get = async (path = "") => (await order.http(`/orders/${orderId}${path}`, { as })).json.data;
  return { orderId, sellerId, as, get, says: answersAbout(orderId, sellerId) };
};
const play = async (says: Answers, steps: readonly Step[]) => {
  for (const step of steps) expect(await says[step]()).toBe("ack");
};
const status = (name: string) => expect.stringContaining(name);

const HAPPY = ["reserved", "authorized", "dispatched", "captured", "delivered"] as const;
const TOPICS = [
  "order.created",
  "order.updated",
  "order.confirmed",
  "order.updated",
  "order.paid",
  "order.updated",
  "order.completed",
];

describe("the answers of the other contexts", () => {
  it("carry an order to COMPLETED, and each is announced once though each comes twice", async () => {
    const { orderId, get, says } = await place();
    await play(
      says,
      HAPPY.flatMap((step) => [step, step]),
    );
    expect(await get()).toMatchObject({ status: status("COMPLETED"), paid: true });
    expect(await order.topics(orderId)).toEqual(TOPICS);
    await play(says, HAPPY);
    expect(await order.topics(orderId)).toEqual(TOPICS);
  });

  it("may come before they are wanted: the end is the same", async () => {
    const { orderId, get, says } = await place();
    await play(says, [...HAPPY].reverse());
    expect(await get()).toMatchObject({ status: status("COMPLETED"), paid: true });
    expect([...(await order.topics(orderId))].sort()).toEqual([...TOPICS].sort());
  });

  it("may all come at once", async () => {
    const { orderId, get, says } = await place();
    let left: readonly Step[] = [...HAPPY, ...HAPPY];
    // What two deliveries fight over is delivered again, as a sidecar would.
    for (let round = 0; left.length > 0 && round < 10; round += 1) {
      const outcomes = await Promise.all(left.map((step) => says[step]()));
      left = left.filter((_, index) => outcomes[index] !== "ack");
    }
    expect(left).toEqual([]);
    expect(await get()).toMatchObject({ status: status("COMPLETED") });
    expect([...(await order.topics(orderId))].sort()).toEqual([...TOPICS].sort());
  });

  it("cancel an order that stock is short for, with nothing to take back", async () => {
    const { orderId, get, says } = await place();
    await play(says, ["rejected", "rejected", "reserved"]);
    expect(await get()).toMatchObject({
      status: status("CANCELLED"),
      cancellation: { reason: status("OUT_OF_STOCK") },
    });
    expect(await order.topics(orderId)).toEqual(["order.created", "order.cancelled"]);
    expect(await get("/timeline")).toMatchObject({ final: true });
  });

  it("cancel a declined order, which waits for its stock to be back", async () => {
    const { get, says } = await place();
    await play(says, ["reserved", "declined"]);
    expect(await get()).toMatchObject({ cancellation: { reason: status("PAYMENT_FAILED"), text: "DECLINED" } });
    expect((await get("/timeline")).final ?? false).toBe(false);
    await play(says, ["released", "authorized"]);
    expect(await get("/timeline")).toMatchObject({ final: true });
    expect(await get()).toMatchObject({ status: status("CANCELLED") });
  });

  it("are too late after a cancellation: money and stock go back, whatever arrives meanwhile", async () => {
    const { orderId, as, get, says } = await place();
    await play(says, ["reserved"]);
    expect((await order.http(`/orders/${orderId}`, { method: "DELETE", as })).status).toBe(200);
    await play(says, ["authorized", "refunded", "released", "dispatched"]);
    expect(await get()).toMatchObject({ status: status("CANCELLED") });
    expect(await get("/timeline")).toMatchObject({ final: true });
    expect(await order.topics(orderId)).toEqual(["order.created", "order.updated", "order.cancelled"]);
  });

  it("cancel an order whose reservation somebody takes back, before it is confirmed and after", async () => {
    for (const before of [["reserved"], ["reserved", "authorized"]] as const) {
      const { get, says } = await place();
      await play(says, before);
      expect(await says.released(ReleaseReason.REQUESTED)).toBe("ack");
      expect(await get()).toMatchObject({
        status: status("CANCELLED"),
        cancellation: { reason: status("OUT_OF_STOCK") },
      });
      await play(says, ["refunded"]);
      expect(await get("/timeline")).toMatchObject({ final: true });
    }
  });

  it("about an order that is not here are done, and leave nothing", async () => {
    const before = (await order.database.query("select count(*)::int as n from orders")).rows;
    await play(answersAbout(newId(), newId()), HAPPY);
    expect((await order.database.query("select count(*)::int as n from orders")).rows).toEqual(before);
  });

  it("cannot cancel what is on its way", async () => {
    const { orderId, as, says } = await place();
    await play(says, ["reserved", "authorized", "dispatched"]);
    expect(await order.http(`/orders/${orderId}`, { method: "DELETE", as })).toMatchObject({
      status: 409,
      json: { error: "order.already_shipped" },
    });
  });

  it("hand the card's token to one event, and forget it then", async () => {
    const { orderId, says } = await place();
    await play(says, HAPPY);
    const { rows } = await order.database.query<{ topic: string; data: string }>(
      "select topic, data from tandem.outbox_event where subject = $1 and data like '%tok_visa%'",
      [orderId],
    );
    expect(rows.map(({ topic, data }) => [topic, JSON.parse(data).change])).toEqual([
      ["order.updated", "ORDER_CHANGE_STOCK_RESERVED"],
    ]);
    const stored = await order.database.query(
      "select 1 from orders where id = $1 and payment_method::text like '%tok_visa%'",
      [orderId],
    );
    expect(stored.rows).toEqual([]);
  });
});

it("tells an order's story in the order in which it happened, by whom", async () => {
  const { get, says } = await place();
  for (const step of HAPPY) {
    order.clock.advance(10);
    await says[step]();
  }
  const timeline = await get("/timeline");
  expect(timeline).toMatchObject({ final: true, status: status("COMPLETED") });
  const steps = timeline.entries.map(({ step, service }: { step: string; service: string }) => `${service} ${step}`);
  for (const step of [
    "order order.created",
    "warehouse stock.reserved",
    "payment payment.authorized",
    "order order.completed",
  ])
    expect(steps).toContain(step);
  const elapsed = timeline.entries.map(({ elapsedMs }: { elapsedMs?: string }) => Number(elapsedMs ?? 0));
  expect(elapsed).toEqual([...elapsed].sort((a, b) => a - b));
});

it("shows a seller what was sold, in the moment it is", async () => {
  const sellerId = newId();
  const dashboard = async () =>
    (await order.http(`/sellers/${sellerId}/dashboard`, { as: order.tokens.seller(sellerId) })).json.data;
  const as = await order.tokens.customer();
  const shared = orderBody([order.sell(1_000n, sellerId), order.sell(700n)]);
  const ids: string[] = [];
  for (let n = 0; n < 2; n += 1) {
    ids.push((await order.http("/orders", { method: "POST", as, body: shared })).json.data.orderId);
  }
  expect((await dashboard()).revenue ?? []).toEqual([]);
  const says = answersAbout(ids[0] ?? "", sellerId);
  await play(says, ["reserved", "authorized"]);
  await order.http(`/orders/${ids[1]}`, { method: "DELETE", as });
  const seen = await dashboard();
  expect(seen).toMatchObject({ revenue: [{ currencyCode: "EUR", amountMinor: "2000" }], itemsSold: "2" });
  expect(seen.orders).toHaveLength(2);
  expect(seen.orders).toEqual(
    expect.arrayContaining([
      { status: status("CONFIRMED"), count: "1", revenue: [{ currencyCode: "EUR", amountMinor: "2000" }] },
      { status: status("CANCELLED"), count: "1", revenue: [{ currencyCode: "EUR", amountMinor: "2000" }] },
    ]),
  );
});

describe("jobs", () => {
  const cod = { paymentMethod: { cod: {} } };

  it("cod-auto-confirm confirms cash on delivery after the time for second thoughts, and no card", async () => {
    const [cash, paidByCard] = [await place(cod), await place()];
    await play(cash.says, ["reserved", "authorized"]);
    await play(paidByCard.says, ["reserved"]);
    order.clock.advance(59_000);
    expect(await order.runJob("order.cod-auto-confirm")).toEqual({ confirmed: 0 });
    order.clock.advance(2_000);
    expect(await order.runJob("order.cod-auto-confirm")).toEqual({ confirmed: 1 });
    expect(await order.runJob("order.cod-auto-confirm")).toEqual({ confirmed: 0 });
    expect(await cash.get()).toMatchObject({ status: status("CONFIRMED") });
    expect(await paidByCard.get()).toMatchObject({ status: status("PENDING") });
  });

  it("reservation-cleanup cancels what is pending past its reservation and its grace, once", async () => {
    const { orderId, get } = await place();
    const kept = await place();
    await play(kept.says, ["reserved", "authorized"]);
    order.clock.advance(1_800_000 + 59_000);
    await order.runJob("order.reservation-cleanup");
    expect(await get()).toMatchObject({ status: status("PENDING") });
    order.clock.advance(2_000);
    await order.runJob("order.reservation-cleanup");
    await order.runJob("order.reservation-cleanup");
    expect(await get()).toMatchObject({ status: status("CANCELLED"), cancellation: { reason: status("TIMEOUT") } });
    expect(await kept.get()).toMatchObject({ status: status("CONFIRMED") });
    expect(await order.topics(orderId)).toEqual(["order.created", "order.cancelled"]);
  });

  it("capture-retry asks again for what has shipped and is not paid, and leaves the rest alone", async () => {
    const [unpaid, paid] = [await place(), await place()];
    await play(unpaid.says, ["reserved", "authorized", "dispatched"]);
    await play(paid.says, ["reserved", "authorized", "dispatched", "captured"]);
    order.clock.advance(300_001);
    await order.runJob("order.capture-retry");
    const shippedEvents = async (orderId: string) =>
      (
        await order.database.query(
          "select 1 from tandem.outbox_event where subject = $1 and data like '%ORDER_CHANGE_SHIPPED%'",
          [orderId],
        )
      ).rows.length;
    expect(await shippedEvents(unpaid.orderId)).toBe(2);
    expect(await shippedEvents(paid.orderId)).toBe(1);
    await play(unpaid.says, ["captured", "delivered"]);
    expect(await unpaid.get()).toMatchObject({ status: status("COMPLETED") });
  });

  it("saga-timeout sets a lost timer again", async () => {
    const { orderId } = await place();
    await order.database.query("delete from tandem.saga_timer where id = $1", [orderId]);
    expect(await order.runJob("order.saga-timeout")).toMatchObject({ rearmed: 1 });
    const { rows } = await order.database.query("select 1 from tandem.saga_timer where id = $1", [orderId]);
    expect(rows).toHaveLength(1);
  });
});
