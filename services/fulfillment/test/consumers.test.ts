import { OrderCancelledSchema, OrderChange, OrderConfirmedSchema, OrderUpdatedSchema } from "@tandem/contracts/order";
import {
  ShipmentCreatedSchema,
  ShipmentDeliveredSchema,
  ShipmentDispatchedSchema,
  ShipmentFailedSchema,
  ShipmentFailure,
} from "@tandem/contracts/shipping";
import { newId } from "@tandem/kernel";
import { createOutbox } from "@tandem/messaging";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { makeFulfillmentUnitOfWork } from "../src/data/unit-of-work.ts";
import { applyNews } from "../src/model/fulfillment.ts";
import { fulfillmentsOf, type Harness, orderEvent, startHarness } from "./harness.ts";

let harness: Harness;
beforeAll(async () => {
  harness = await startHarness();
});
afterAll(() => harness[Symbol.asyncDispose]());

const seller = newId();
const at = { seconds: 1_763_719_200n };

const confirm = async (pieces = [{ sellerId: seller }]) => {
  const event = orderEvent(pieces);
  expect(await harness.deliver(OrderConfirmedSchema, event)).toBe("ack");
  return { event, orderId: event.orderId, fulfillments: await fulfillmentsOf(harness, event.orderId) };
};
const statuses = async (orderId: string) => (await fulfillmentsOf(harness, orderId)).map(({ status }) => status);
const first = async (orderId: string) => {
  const [one] = await fulfillmentsOf(harness, orderId);
  if (!one) throw new Error("no fulfillment");
  return one;
};
const setStatus = (orderId: string, status: string) =>
  harness.database.query("update fulfillment set status = $2 where order_id = $1", [orderId, status]);
const parcel = (orderId: string, fulfillmentId: string, over: object = {}) => ({
  shipmentId: newId(),
  aggregateVersion: 1n,
  occurredAt: at,
  orderId,
  sellerId: seller,
  fulfillmentId,
  ...over,
});
const unitOfWork = () =>
  makeFulfillmentUnitOfWork(harness.database, createOutbox({ database: harness.database, source: "fulfillment" }));
const changes = async (fulfillmentId: string) => (await harness.events(fulfillmentId)).map(({ data }) => data);

describe("a confirmed order", () => {
  test("opens one fulfillment per seller, with that seller's lines, and announces each", async () => {
    const other = newId();
    const { orderId, fulfillments } = await confirm([{ sellerId: seller }, { sellerId: other }, { sellerId: seller }]);
    expect(fulfillments.map((one) => [one.sellerId, one.lines.length]).sort()).toEqual(
      [
        [seller, 2],
        [other, 1],
      ].sort(),
    );
    for (const { id } of fulfillments) {
      expect(await changes(id)).toMatchObject([
        { orderId, status: "FULFILLMENT_STATUS_PENDING", aggregateVersion: "1" },
      ]);
    }
  });

  test("opens nothing more when it comes again, by the same or another event", async () => {
    const { event, orderId } = await confirm();
    await harness.deliver(OrderConfirmedSchema, event);
    expect(await statuses(orderId)).toEqual(["PENDING"]);
  });

  test("is remembered by the statement that opens it; an order event that is none of its business is not", async () => {
    const event = orderEvent([{ sellerId: seller }]);
    const [opened, other] = [newId(), newId()];
    expect(await harness.deliver(OrderConfirmedSchema, event, opened)).toBe("ack");
    expect(await harness.deliver(OrderUpdatedSchema, { ...event, change: OrderChange.SHIPPED }, other)).toBe("ack");
    const { rows } = await harness.database.query("select event_id from tandem.inbox where event_id = any($1)", [
      [opened, other],
    ]);
    expect(rows).toEqual([{ event_id: opened }]);
  });

  test("at once with its cancellation leaves nothing that waits to be sent", async () => {
    for (let round = 0; round < 10; round += 1) {
      const event = orderEvent([{ sellerId: seller }, { sellerId: newId() }]);
      const both = [
        () => harness.deliver(OrderConfirmedSchema, event),
        () => harness.deliver(OrderCancelledSchema, event),
        () => harness.deliver(OrderConfirmedSchema, event),
      ];
      if (round % 2 === 1) both.reverse();
      for (const outcome of await Promise.all(both.map((one) => one()))) expect(outcome).toBe("ack");
      expect((await statuses(event.orderId)).filter((status) => status !== "CANCELLED")).toEqual([]);
    }
  });

  test("opens nothing after its cancellation", async () => {
    const event = orderEvent([{ sellerId: seller }]);
    expect(await harness.deliver(OrderCancelledSchema, event)).toBe("ack");
    expect(await harness.deliver(OrderConfirmedSchema, event)).toBe("ack");
    expect(await statuses(event.orderId)).toEqual([]);
  });

  test.each([
    ["no lines", { order: orderEvent([]).order }],
    ["no customer", { order: { ...orderEvent([{ sellerId: seller }]).order, customerId: "" } }],
  ])("with %s is a dead letter", async (_, over) => {
    const event = { ...orderEvent([{ sellerId: seller }]), ...over };
    await harness.deliver(OrderConfirmedSchema, event);
    expect(await harness.deadLetters(event.orderId)).toEqual(["fulfillment.on-order-confirmed"]);
  });

  test("with a negative quantity is a dead letter", async () => {
    const event = orderEvent([{ sellerId: seller, quantity: -1 }]);
    await harness.deliver(OrderConfirmedSchema, event);
    expect(await harness.deadLetters(event.orderId)).toEqual(["fulfillment.on-order-confirmed"]);
  });
});

describe("a cancellation that is asked for", () => {
  const ask = (event: ReturnType<typeof orderEvent>, id?: string) =>
    harness.deliver(OrderUpdatedSchema, { ...event, change: OrderChange.CANCEL_REQUESTED }, id);

  test.each(["PENDING", "PICKING", "PACKED"])("holds back what is %s", async (status) => {
    const { event, orderId } = await confirm();
    await setStatus(orderId, status);
    await ask(event);
    const { id } = await first(orderId);
    expect(await statuses(orderId)).toEqual(["CANCELLED"]);
    expect((await changes(id)).at(-1)).toMatchObject({ status: "FULFILLMENT_STATUS_CANCELLED" });
    expect((await changes(id)).at(-1)).not.toHaveProperty("cancellationRefused");
  });

  test.each(["HANDED_OVER", "SHIPPED", "DELIVERED", "FAILED"])("is refused for what is %s", async (status) => {
    const { event, orderId } = await confirm();
    await setStatus(orderId, status);
    await ask(event);
    const { id } = await first(orderId);
    expect(await statuses(orderId)).toEqual([status]);
    expect((await changes(id)).at(-1)).toMatchObject({
      status: `FULFILLMENT_STATUS_${status}`,
      cancellationRefused: true,
    });
  });

  test("answers for each seller by itself", async () => {
    const { event, orderId, fulfillments } = await confirm([{ sellerId: seller }, { sellerId: newId() }]);
    await harness.database.query("update fulfillment set status = 'HANDED_OVER' where id = $1", [fulfillments[0]?.id]);
    await ask(event);
    expect((await statuses(orderId)).sort()).toEqual(["CANCELLED", "HANDED_OVER"]);
  });

  test("again by the same event changes nothing; by another one it is answered again", async () => {
    const { event, orderId } = await confirm();
    const eventId = newId();
    await ask(event, eventId);
    await ask(event, eventId);
    const { id } = await first(orderId);
    expect(await changes(id)).toHaveLength(2);
    await ask(event);
    expect((await changes(id)).at(-1)).toMatchObject({ status: "FULFILLMENT_STATUS_CANCELLED", aggregateVersion: "3" });
  });

  test("before the confirmation is answered from its own order, and the confirmation opens nothing", async () => {
    const event = orderEvent([{ sellerId: seller }, { sellerId: newId() }]);
    await ask(event);
    await harness.deliver(OrderConfirmedSchema, event);
    expect(await statuses(event.orderId)).toEqual(["CANCELLED", "CANCELLED"]);
    const { id } = await first(event.orderId);
    expect(await changes(id)).toMatchObject([{ status: "FULFILLMENT_STATUS_CANCELLED" }]);
  });

  test("other changes of an order are none of its business", async () => {
    const { event, orderId } = await confirm();
    expect(await harness.deliver(OrderUpdatedSchema, { ...event, change: OrderChange.SHIPPED })).toBe("ack");
    expect(await statuses(orderId)).toEqual(["PENDING"]);
  });
});

describe("a cancelled order", () => {
  test("is held back; what the carrier has goes on and says so", async () => {
    const { event, orderId, fulfillments } = await confirm([{ sellerId: seller }, { sellerId: newId() }]);
    const [gone, here] = fulfillments;
    await harness.database.query("update fulfillment set status = 'SHIPPED' where id = $1", [gone?.id]);
    await harness.deliver(OrderCancelledSchema, event);
    expect((await changes(gone?.id ?? "")).at(-1)).toMatchObject({ cancellationRefused: true });
    expect((await changes(here?.id ?? "")).at(-1)).toMatchObject({ status: "FULFILLMENT_STATUS_CANCELLED" });
    const announced = await changes(gone?.id ?? "");
    await harness.deliver(OrderCancelledSchema, event);
    expect(await changes(gone?.id ?? "")).toEqual(announced);
    expect((await statuses(orderId)).sort()).toEqual(["CANCELLED", "SHIPPED"]);
  });
});

describe("the carrier's news", () => {
  const packed = async () => {
    const { orderId } = await confirm();
    await setStatus(orderId, "PACKED");
    const { id } = await first(orderId);
    return { orderId, id };
  };

  test("a label hands the parcel over", async () => {
    const { orderId, id } = await packed();
    const event = parcel(orderId, id);
    await harness.deliver(ShipmentCreatedSchema, event);
    expect(await first(orderId)).toMatchObject({ status: "HANDED_OVER", shipmentId: event.shipmentId });
    expect((await changes(id)).at(-1)).toMatchObject({
      status: "FULFILLMENT_STATUS_HANDED_OVER",
      fulfillment: { shipmentId: event.shipmentId },
    });
  });

  test.each([
    ["PACKED", ShipmentCreatedSchema, { type: "created" as const }],
    ["HANDED_OVER", ShipmentDispatchedSchema, { type: "dispatched" as const }],
    ["SHIPPED", ShipmentDeliveredSchema, { type: "delivered" as const }],
  ])("in their turn, of what is %s, do what the rules say, once", async (status, schema, { type }) => {
    const { orderId, id } = await packed();
    await harness.database.query("update fulfillment set status = $2, flagged_at = now() where order_id = $1", [
      orderId,
      status,
    ]);
    const read = () => unitOfWork().transact(({ fulfillments }) => fulfillments.lockById(id));
    const before = await read();
    const event = parcel(orderId, id);
    const eventId = newId();
    harness.clock.advance(5);
    const now = harness.clock.now();
    expect(await harness.deliver(schema, event, eventId)).toBe("ack");
    const news = type === "created" ? { type, shipmentId: event.shipmentId } : { type };
    expect(await read()).toEqual(applyNews(before, news, now));
    expect((await changes(id)).at(-1)).toMatchObject({ previousStatus: `FULFILLMENT_STATUS_${status}` });
    const told = await changes(id);
    // Whatever became of it meanwhile: what was handled is not handled again.
    await setStatus(orderId, status);
    const put = await read();
    expect(await harness.deliver(schema, event, eventId)).toBe("ack");
    expect(await read()).toEqual(put);
    expect(await changes(id)).toEqual(told);
  });

  test("a label for what was handed over by hand is only noted; for what was held back it changes nothing", async () => {
    const { orderId, id } = await packed();
    await setStatus(orderId, "HANDED_OVER");
    const event = parcel(orderId, id);
    await harness.deliver(ShipmentCreatedSchema, event);
    expect(await first(orderId)).toMatchObject({ status: "HANDED_OVER", shipmentId: event.shipmentId });
    expect(await changes(id)).toHaveLength(1);
    const held = await packed();
    await setStatus(held.orderId, "CANCELLED");
    await harness.deliver(ShipmentCreatedSchema, parcel(held.orderId, held.id));
    expect(await first(held.orderId)).toMatchObject({ status: "CANCELLED", shipmentId: null });
  });

  test("a label for what was never packed is a dead letter", async () => {
    const { orderId, fulfillments } = await confirm();
    const event = parcel(orderId, fulfillments[0]?.id ?? "");
    await harness.deliver(ShipmentCreatedSchema, event);
    expect(await harness.deadLetters(event.shipmentId)).toEqual(["fulfillment.on-shipment-created"]);
  });

  test("ends the same in any order: only forward", async () => {
    const orders: readonly (readonly string[])[] = [
      ["created", "dispatched", "delivered"],
      ["created", "delivered", "dispatched"],
      ["dispatched", "created", "delivered"],
      ["dispatched", "delivered", "created"],
      ["delivered", "created", "dispatched"],
      ["delivered", "dispatched", "created"],
    ];
    const schemas = {
      created: ShipmentCreatedSchema,
      dispatched: ShipmentDispatchedSchema,
      delivered: ShipmentDeliveredSchema,
    } as const;
    for (const order of orders) {
      const { orderId, id } = await packed();
      const event = parcel(orderId, id);
      for (const name of [...order, ...order]) {
        expect(await harness.deliver(schemas[name as keyof typeof schemas], event)).toBe("ack");
      }
      expect(await statuses(orderId), order.join()).toEqual(["DELIVERED"]);
    }
  });

  test("a failure ends it, with the reason; later news change nothing", async () => {
    const { orderId, id } = await packed();
    await setStatus(orderId, "SHIPPED");
    await harness.deliver(ShipmentFailedSchema, parcel(orderId, id, { failure: ShipmentFailure.LOST }));
    await harness.deliver(ShipmentDeliveredSchema, parcel(orderId, id));
    expect(await statuses(orderId)).toEqual(["FAILED"]);
    expect((await changes(id)).at(-1)).toMatchObject({ status: "FULFILLMENT_STATUS_FAILED", reason: "lost" });
  });

  test("a parcel without a fulfillment is a return and not ours; an unknown one is a dead letter", async () => {
    const back = parcel(newId(), "");
    expect(await harness.deliver(ShipmentDeliveredSchema, back)).toBe("ack");
    expect(await harness.deadLetters(back.shipmentId)).toEqual([]);
    const lost = parcel(newId(), newId());
    await harness.deliver(ShipmentDeliveredSchema, lost);
    expect(await harness.deadLetters(lost.shipmentId)).toEqual(["fulfillment.on-shipment-delivered"]);
  });
});
