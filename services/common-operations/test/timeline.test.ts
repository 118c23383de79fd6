import { timestampFromDate } from "@bufbuild/protobuf/wkt";
import { topicCatalogue } from "@tandem/contracts";
import { CustomerUpdatedSchema } from "@tandem/contracts/customer";
import { NotificationSentSchema } from "@tandem/contracts/notification";
import { OrderCreatedSchema, OrderUpdatedSchema } from "@tandem/contracts/order";
import { PaymentAuthorizedSchema } from "@tandem/contracts/payment";
import { ShipmentDispatchedSchema } from "@tandem/contracts/shipping";
import { newId } from "@tandem/kernel";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type Harness, startHarness } from "./harness.ts";

let operations: Harness;
let staff: { readonly authorization: string };
beforeAll(async () => {
  operations = await startHarness();
  staff = await operations.tokens.as("staff");
});
afterAll(() => operations[Symbol.asyncDispose]());

const at = (second: number) => timestampFromDate(new Date(Date.UTC(2026, 10, 21, 9, 0, second)));
const read = async (kind: string, id: string, query = "", as = staff) =>
  operations.http(`/timelines/${kind}/${id}${query}`, { as });
const topicsOf = (answer: { json: { data: { events?: { topic: string }[] } } }) =>
  (answer.json.data.events ?? []).map(({ topic }) => topic);

const storyOf = (orderId: string) => {
  const [customerId, productId, sellerId, paymentId, shipmentId] = [newId(), newId(), newId(), newId(), newId()];
  const order = {
    orderId,
    customerId,
    shippingAddress: {
      recipient: "Ada Lovelace",
      line1: "Main St 1",
      city: "Berlin",
      countryCode: "DE",
      phone: "+49 30 123",
    },
    lines: [{ productId, sellerId, quantity: 1 }],
  };
  return {
    customerId,
    productId,
    sellerId,
    created: () => operations.deliver(OrderCreatedSchema, { orderId, aggregateVersion: 1n, occurredAt: at(1), order }),
    authorized: (id = newId()) =>
      operations.deliver(PaymentAuthorizedSchema, { paymentId, orderId, aggregateVersion: 1n, occurredAt: at(2) }, id),
    shipped: () =>
      operations.deliver(ShipmentDispatchedSchema, {
        shipmentId,
        orderId,
        sellerId,
        aggregateVersion: 2n,
        occurredAt: at(3),
      }),
    notified: () =>
      operations.deliver(NotificationSentSchema, {
        notificationId: newId(),
        orderId,
        customerId,
        aggregateVersion: 1n,
        occurredAt: at(4),
      }),
  };
};

describe("the timeline", () => {
  it("has a consumer for every topic, by one rule", () => {
    const consumers = operations.worker.consumers?.map(({ name }) => name) ?? [];
    const names = consumers.filter((name) => name.startsWith("common-operations.timeline-"));
    expect(names).toHaveLength(topicCatalogue.length);
    expect(new Set(names).size).toBe(names.length);
    expect(names).toContain("common-operations.timeline-order-created");
  });

  it("tells everything about an order across services in the order of time, however it arrived", async () => {
    const orderId = newId();
    const story = storyOf(orderId);
    for (const step of [story.notified, story.shipped, story.created, story.authorized])
      expect(await step()).toBe("ack");
    const answer = await read("order", orderId);
    expect(topicsOf(answer)).toEqual([
      "order.created",
      "payment.authorized",
      "shipment.dispatched",
      "notification.sent",
    ]);
    expect(topicsOf(await read("customer", story.customerId))).toEqual(["order.created", "notification.sent"]);
    expect(topicsOf(await read("product", story.productId))).toEqual(["order.created"]);
    expect(topicsOf(await read("seller", story.sellerId, "?topic=shipment.dispatched"))).toEqual([
      "shipment.dispatched",
    ]);
    expect(answer.json.data.events[0].payload).toBeUndefined();
  });

  it("keeps an event once, however often it is delivered", async () => {
    const orderId = newId();
    const [story, id] = [storyOf(orderId), newId()];
    await Promise.all(Array.from({ length: 5 }, () => story.authorized(id)));
    expect(topicsOf(await read("order", orderId))).toEqual(["payment.authorized"]);
    const { rows } = await operations.database.query("select from tandem.inbox where event_id = $1", [id]);
    expect(rows).toHaveLength(0);
  });

  it("pages by key, without a gap and without a repetition", async () => {
    const orderId = newId();
    for (let n = 0; n < 7; n += 1)
      await operations.deliver(PaymentAuthorizedSchema, {
        paymentId: newId(),
        orderId,
        aggregateVersion: 1n,
        occurredAt: at(n % 2),
      });
    const all = (await read("order", orderId)).json.data.events.map((e: { eventId: string }) => e.eventId);
    const seen: string[] = [];
    let cursor = "";
    do {
      const { json } = await read("order", orderId, `?page.limit=3${cursor && `&page.cursor=${cursor}`}`);
      seen.push(...json.data.events.map((e: { eventId: string }) => e.eventId));
      cursor = json.data.page?.nextCursor ?? "";
    } while (cursor);
    expect(seen).toEqual(all);
    const numbered = await read("order", orderId, "?page.limit=3&page.offset=6");
    expect(numbered.json.data).toMatchObject({ page: { total: "7" } });
    expect(numbered.json.data.events).toHaveLength(1);
  });

  it("shows who nobody is, and no card", async () => {
    const [orderId, customerId, id] = [newId(), newId(), newId()];
    await storyOf(orderId).created();
    await operations.deliver(OrderUpdatedSchema, {
      orderId,
      aggregateVersion: 2n,
      occurredAt: at(2),
      paymentMethod: { method: { case: "card", value: { token: "tok_visa" } } },
    });
    const customer = { customerId, email: "ada@example.com", displayName: "Ada", phone: "+49 30 1" };
    await operations.deliver(
      CustomerUpdatedSchema,
      { customerId, aggregateVersion: 1n, occurredAt: at(1), customer },
      id,
    );
    const texts = [
      (await read("order", orderId, "?withPayload=true")).text,
      (await operations.http(`/timeline-events/${id}`, { as: staff })).text,
    ].join();
    expect(texts).toContain("Berlin");
    for (const secret of ["tok_visa", "Ada", "ada@example.com", "Main St", "+49"]) expect(texts).not.toContain(secret);
    const { rows } = await operations.database.query(
      "select from timeline_event where payload::text ~ 'tok_visa|Lovelace'",
    );
    expect(rows).toHaveLength(0);
  });
});

describe("events that this build does not know", () => {
  const raw = (topic: string, type: string, data: string, id = newId()) =>
    operations.consumers.deliver({ id, topic, type, source: "order", data }, AbortSignal.timeout(5_000));

  it("are kept whole when they are a newer version", async () => {
    const [orderId, warehouseId, id] = [newId(), newId(), newId()];
    const data = {
      orderId,
      aggregateVersion: "3",
      occurredAt: "2026-11-21T09:00:00Z",
      hub: { warehouseId, cardToken: "tok" },
    };
    expect(await raw("order.created", "tandem.order.v2.OrderCreated", JSON.stringify(data), id)).toBe("ack");
    expect(topicsOf(await read("warehouse", warehouseId))).toEqual(["order.created"]);
    expect((await operations.http(`/timeline-events/${id}`, { as: staff })).json.data).toMatchObject({
      type: "tandem.order.v2.OrderCreated",
      foreignVersion: true,
      aggregateVersion: "3",
      payload: { hub: { warehouseId, cardToken: "[masked]" } },
    });
  });

  it("are dead letters when nobody can read them", async () => {
    for (const data of ["", "not json", "[]", "{}", '{"orderId":"x","aggregateVersion":"no"}', "[".repeat(20_000)]) {
      const id = newId();
      expect(await raw("order.created", "tandem.order.v1.OrderCreated", data, id)).toBe("ack");
      const { rows } = await operations.database.query("select consumer from tandem.dead_letter where event_id = $1", [
        id,
      ]);
      expect(rows, data.slice(0, 20)).toEqual([{ consumer: "common-operations.timeline-order-created" }]);
    }
  });

  it("survive a NUL and depth in what they say", async () => {
    const orderId = newId();
    const deep = `${'{"a":'.repeat(60)}1${"}".repeat(60)}`;
    const data = `{"orderId":"${orderId}","aggregateVersion":"1","extra":"a\\u0000b","deep":${deep}}`;
    expect(await raw("order.created", "tandem.order.v1.OrderCreated", data)).toBe("ack");
    expect(topicsOf(await read("order", orderId))).toEqual(["order.created"]);
  });
});

describe("a question about the timeline", () => {
  it("is for the staff and the operators", async () => {
    const id = newId();
    expect((await operations.http(`/timelines/order/${id}`)).status).toBe(401);
    for (const role of ["customer", "seller"] as const)
      expect((await read("order", id, "", await operations.tokens.as(role))).status).toBe(403);
    expect((await read("order", id, "", await operations.tokens.as("operator"))).status).toBe(200);
  });

  it("that makes no sense is answered, and changes nothing", async () => {
    const before = await operations.fingerprint();
    const bad = [
      "Order/x",
      `order/${"x".repeat(129)}`,
      "order/x?page.limit=-1",
      "order/x?page.cursor=zzz",
      "order/x?nope=1",
    ];
    for (const path of bad) expect((await operations.http(`/timelines/${path}`, { as: staff })).status, path).toBe(400);
    expect((await operations.http("/timelines/order/%00", { as: staff })).status).toBe(400);
    expect((await operations.http("/timeline-events/unknown", { as: staff })).json.error).toBe(
      "timeline.event_not_found",
    );
    expect((await read("order", "nobody-named-this")).json.data.events ?? []).toEqual([]);
    expect(await operations.fingerprint()).toEqual(before);
  });
});
