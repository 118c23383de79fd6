import type { MessageInitShape } from "@bufbuild/protobuf";
import { timestampFromDate } from "@bufbuild/protobuf/wkt";
import { UserRegisteredSchema } from "@tandem/contracts/auth";
import {
  OrderCancelledSchema,
  OrderChange,
  OrderCompletedSchema,
  OrderConfirmedSchema,
  type OrderSchema,
  OrderStatus,
  OrderUpdatedSchema,
  ReturnStatus,
} from "@tandem/contracts/order";
import { newId } from "@tandem/kernel";
import { countStatements } from "@tandem/testkit";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type Harness, startHarness } from "./harness.ts";

let customer: Harness;
let staff: { readonly authorization: string };
beforeAll(async () => {
  customer = await startHarness();
  staff = await customer.tokens.as("staff");
});
afterAll(() => customer[Symbol.asyncDispose]());

const DAY_MS = 86_400_000;
const occurredAt = { seconds: 1_700_000_000n, nanos: 0 };
const registered = (customerId: string, over: object = {}, eventId = newId()) =>
  customer.deliver(
    UserRegisteredSchema,
    {
      userId: customerId,
      aggregateVersion: 1n,
      occurredAt,
      email: `${customerId.slice(-12)}@example.org`,
      displayName: "Ada Byron",
      locale: "en-GB",
      roles: ["customer"],
      customerId,
      ...over,
    },
    eventId,
  );

type OrderInit = MessageInitShape<typeof OrderSchema>;
type OrderFields = Partial<Exclude<OrderInit, { $typeName: string }>>;
/** One order's life as the order context would tell it: each version a snapshot. */
const orderOf = (customerId: string, amountMinor = 5_000n, currencyCode = "EUR") => {
  const orderId = newId();
  const placedAt = customer.clock.now();
  const at = timestampFromDate(placedAt);
  const snapshot = (status: OrderStatus, over: OrderFields = {}): OrderInit =>
    ({
      orderId,
      customerId,
      status,
      createdAt: at,
      confirmedAt: at,
      totals: { total: { currencyCode, amountMinor } },
      ...over,
    }) as OrderInit;
  const say = (order: OrderInit, version: bigint) => ({
    orderId,
    aggregateVersion: version,
    occurredAt,
    order,
  });
  const ids = Array.from({ length: 7 }, () => newId());
  return {
    orderId,
    pending: () =>
      customer.deliver(
        OrderUpdatedSchema,
        {
          ...say(snapshot(OrderStatus.PENDING, { confirmedAt: undefined }), 2n),
          change: OrderChange.STOCK_RESERVED,
        },
        ids[0],
      ),
    confirmed: () => customer.deliver(OrderConfirmedSchema, say(snapshot(OrderStatus.CONFIRMED), 3n), ids[1]),
    shortened: () =>
      customer.deliver(
        OrderUpdatedSchema,
        {
          ...say(
            snapshot(OrderStatus.SHIPPED, { totals: { total: { currencyCode, amountMinor: amountMinor - 1_000n } } }),
            4n,
          ),
          change: OrderChange.SHORTENED,
        },
        ids[2],
      ),
    /** As it was shortened: nothing that counts. */
    delivered: () =>
      customer.deliver(
        OrderUpdatedSchema,
        {
          ...say(
            snapshot(OrderStatus.DELIVERED, { totals: { total: { currencyCode, amountMinor: amountMinor - 1_000n } } }),
            5n,
          ),
          change: OrderChange.DELIVERED,
        },
        ids[6],
      ),
    completed: () => customer.deliver(OrderCompletedSchema, say(snapshot(OrderStatus.COMPLETED), 5n), ids[3]),
    returned: () =>
      customer.deliver(
        OrderUpdatedSchema,
        {
          ...say(
            snapshot(OrderStatus.RETURNED, {
              returns: [
                { returnId: newId(), status: ReturnStatus.RECEIVED, refund: { currencyCode, amountMinor: 2_000n } },
                { returnId: newId(), status: ReturnStatus.REQUESTED, refund: { currencyCode, amountMinor: 1_000n } },
              ],
            }),
            6n,
          ),
          change: OrderChange.RETURNED,
        },
        ids[4],
      ),
    cancelled: () => customer.deliver(OrderCancelledSchema, say(snapshot(OrderStatus.CANCELLED), 7n), ids[5]),
  };
};
const get = async (path: string, as = staff) => (await customer.http(path, { as })).json?.data;
const profileOf = (customerId: string) => get(`/customers/${customerId}`);
const statisticsOf = (customerId: string) => get(`/customers/${customerId}/statistics`);
const changesOf = async (customerId: string) => (await customer.events(customerId)).map(({ data }) => data["change"]);

describe("a profile", () => {
  it("begins with the registration, once", async () => {
    const id = newId();
    const eventId = newId();
    expect(await registered(id, {}, eventId)).toBe("ack");
    expect(await registered(id, {}, eventId)).toBe("ack");
    expect(await registered(id, { displayName: "Somebody else" })).toBe("ack");
    expect(await get("/customers/me", await customer.tokens.customer(id))).toMatchObject({
      customerId: id,
      displayName: "Ada Byron",
      locale: "en-GB",
      timeZone: "UTC",
      segment: "new",
      version: "1",
    });
    expect(await customer.events(id)).toMatchObject([
      {
        topic: "customer.updated",
        data: {
          aggregateVersion: "1",
          change: "CUSTOMER_CHANGE_CREATED",
          customer: { customerId: id, displayName: "Ada Byron", segment: "new" },
        },
      },
    ]);
  });

  it("is not made for users who buy nothing", async () => {
    const id = newId();
    expect(await registered(id, { customerId: "", sellerId: newId(), roles: ["seller"] })).toBe("ack");
    expect((await customer.http(`/customers/${id}`, { as: staff })).status).toBe(404);
  });

  it("is not made from an event without what its contract promises: that is a dead letter", async () => {
    for (const over of [{ email: "" }, { customerId: "x" }]) {
      const id = newId();
      expect(await registered(id, over)).toBe("ack");
      expect(await customer.deadLetters(id)).toEqual(["customer.on-user-registered"]);
    }
  });

  it("finds the orders that were faster than the registration", async () => {
    const id = newId();
    for (const one of [orderOf(id), orderOf(id)]) expect(await one.confirmed()).toBe("ack");
    expect(await customer.events(id)).toEqual([]);
    await registered(id);
    expect(await profileOf(id)).toMatchObject({ segment: "regular" });
    expect(await statisticsOf(id)).toMatchObject({ orders: "2", spent: [{ amountMinor: "10000" }] });
  });

  it("and orders may come at the same moment: the segment is right afterwards", async () => {
    const ids = Array.from({ length: 6 }, () => newId());
    await Promise.all(
      ids.flatMap((id) => [orderOf(id).confirmed(), registered(id), orderOf(id).confirmed(), orderOf(id).completed()]),
    );
    for (const id of ids) {
      expect(await profileOf(id)).toMatchObject({ segment: "regular" });
      expect(await statisticsOf(id)).toMatchObject({ orders: "3" });
    }
  });
});

describe("the figures", () => {
  type Step = "pending" | "confirmed" | "shortened" | "completed" | "returned" | "cancelled";
  const lives: [Step[], object][] = [
    [["pending"], { orders: "0", cancelled: "0", spent: [] }],
    [["pending", "confirmed"], { orders: "1", spent: [{ currencyCode: "EUR", amountMinor: "5000" }] }],
    [["confirmed", "shortened"], { orders: "1", spent: [{ amountMinor: "4000" }] }],
    [["confirmed", "completed"], { orders: "1", spent: [{ amountMinor: "5000" }] }],
    [["confirmed", "completed", "returned"], { orders: "1", returned: "1", spent: [{ amountMinor: "3000" }] }],
    [["confirmed", "cancelled"], { orders: "0", cancelled: "1", spent: [] }],
  ];
  it.each(lives)("of %s, in any order and each twice", async (steps, expected) => {
    for (const told of [steps, steps.toReversed(), [...steps.slice(1), ...steps.slice(0, 1)]]) {
      const id = newId();
      await registered(id);
      const order = orderOf(id);
      for (const step of told) {
        expect(await order[step]()).toBe("ack");
        expect(await order[step]()).toBe("ack");
      }
      expect(await statisticsOf(id)).toMatchObject(expected);
    }
  });

  it("cost five statements where an event moves them, one where it does not", async () => {
    const id = newId();
    await registered(id);
    for (const other of [orderOf(id), orderOf(id)]) await other.confirmed();
    const order = orderOf(id);
    const said = async (step: () => Promise<unknown>) =>
      // The wake-up of an outbox that was filled before may fall among them.
      (await countStatements(step)).filter((text) => !text.includes("pg_notify")).map((text) => text.split(" ", 1)[0]);
    const moved = ["BEGIN", "with", "select", "with", "COMMIT"];
    expect(await said(order.pending)).toEqual(["insert"]);
    expect(await said(order.confirmed)).toEqual(moved);
    expect(await said(order.shortened)).toEqual(["with", ...moved]);
    expect(await said(order.delivered)).toEqual(["with"]);
    expect(await said(order.delivered)).toEqual(["with"]); // again
    expect(await said(order.shortened)).toEqual(["with"]);
    expect(await statisticsOf(id)).toMatchObject({ orders: "3", spent: [{ amountMinor: "14000" }] });
    expect(await said(order.cancelled)).toEqual(moved);
    const { rows } = await customer.database.query<{ version: string; status: string }>(
      "select version, status from order_record where order_id = $1",
      [order.orderId],
    );
    expect(rows).toEqual([{ version: "7", status: "CANCELLED" }]);
    expect(await statisticsOf(id)).toMatchObject({ orders: "2", cancelled: "1", spent: [{ amountMinor: "10000" }] });
  });

  it("are those of the newest snapshot, whichever of an order's events come at the same moment", async () => {
    const orders = Array.from({ length: 16 }, (_, n) => ({ id: newId(), cancelled: n % 2 === 0 }));
    await Promise.all(
      orders.map(async ({ id, cancelled }) => {
        await registered(id);
        const order = orderOf(id);
        await order.confirmed();
        const steps = [order.shortened, order.delivered, order.shortened, ...(cancelled ? [order.cancelled] : [])];
        expect(new Set(await Promise.all(steps.map((step) => step())))).toEqual(new Set(["ack"]));
      }),
    );
    for (const { id, cancelled } of orders)
      expect(await statisticsOf(id)).toMatchObject(
        cancelled
          ? { orders: "0", cancelled: "1", spent: [] }
          : { orders: "1", cancelled: "0", spent: [{ amountMinor: "4000" }] },
      );
    const { rows } = await customer.database.query<{ version: string }>(
      "select distinct version from order_record where customer_id = any($1) order by version",
      [orders.map(({ id }) => id)],
    );
    expect(rows).toEqual([{ version: "5" }, { version: "7" }]);
  });

  it("keep currencies apart, and forty orders at once", async () => {
    const id = newId();
    await registered(id);
    const orders = Array.from({ length: 40 }, (_, n) => orderOf(id, 100n, n % 2 ? "EUR" : "CHF"));
    expect(new Set(await Promise.all(orders.map((one) => one.confirmed())))).toEqual(new Set(["ack"]));
    expect(await statisticsOf(id)).toMatchObject({
      orders: "40",
      spent: [
        { currencyCode: "CHF", amountMinor: "2000" },
        { currencyCode: "EUR", amountMinor: "2000" },
      ],
    });
  });

  it("are not taken from an event that lacks customer, total or date: a dead letter", async () => {
    const before = await customer.fingerprint();
    for (const order of [
      { customerId: "x" },
      { customerId: newId() },
      { customerId: newId(), totals: { total: { currencyCode: "EUR", amountMinor: 1n } } },
    ]) {
      const orderId = newId();
      expect(await customer.deliver(OrderConfirmedSchema, { orderId, aggregateVersion: 1n, occurredAt, order })).toBe(
        "ack",
      );
      expect(await customer.deadLetters(orderId)).toEqual(["customer.on-order-confirmed"]);
    }
    expect(await customer.fingerprint()).toEqual(before);
  });
});

describe("segments", () => {
  it("move with the orders, and back when they are cancelled, each move told once", async () => {
    const id = newId();
    await registered(id);
    const orders = Array.from({ length: 5 }, () => orderOf(id));
    for (const order of orders) await order.confirmed();
    expect(await profileOf(id)).toMatchObject({ segment: "loyal" });
    await orders[0]?.cancelled();
    expect(await profileOf(id)).toMatchObject({ segment: "regular", version: "4" });
    const told = (await customer.events(id)).map(({ data }) => (data["customer"] as { segment: string }).segment);
    expect(told).toEqual(["new", "regular", "loyal", "regular"]);
  });

  it("make dormant by time, at night, and wake with an order", async () => {
    const id = newId();
    await registered(id);
    await orderOf(id).confirmed();
    expect(await customer.runJob("customer.segmentation")).toMatchObject({ dormant: 0 });
    customer.clock.advance(181 * DAY_MS);
    expect(await customer.runJob("customer.segmentation")).toMatchObject({ dormant: expect.any(Number) });
    expect(await profileOf(id)).toMatchObject({ segment: "dormant" });
    expect(await customer.runJob("customer.segmentation")).toEqual({ dormant: 0 });
    await orderOf(id).confirmed();
    expect(await profileOf(id)).toMatchObject({ segment: "regular" });
    expect(await changesOf(id)).toEqual([
      "CUSTOMER_CHANGE_CREATED",
      "CUSTOMER_CHANGE_SEGMENT",
      "CUSTOMER_CHANGE_SEGMENT",
    ]);
  });
});

describe("forgetting", () => {
  const address = {
    recipient: "Ada Byron",
    line1: "1 St James's Sq",
    postalCode: "SW1Y",
    city: "London",
    countryCode: "GB",
  };

  it("needs the person's own confirmation, blanks everything, keeps the figures and says so once", async () => {
    const id = newId();
    await registered(id);
    await orderOf(id).confirmed();
    const own = await customer.tokens.customer(id);
    await customer.http(`/customers/${id}/addresses`, { method: "POST", as: own, body: { address } });
    const erase = (confirmEmail: string) =>
      customer.http(`/customers/${id}/erase`, { method: "POST", as: own, body: { confirmEmail } });
    const before = await customer.fingerprint();
    for (const wrong of ["", "x@example.org"])
      expect(await erase(wrong)).toMatchObject({ status: 409, json: { error: "customer.confirmation_mismatch" } });
    expect(await customer.fingerprint()).toEqual(before);

    const right = `${id.slice(-12)}@Example.org`;
    expect((await erase(right)).status).toBe(200);
    expect((await erase(right)).status).toBe(200);
    expect(await profileOf(id)).toMatchObject({ email: "", displayName: "", phone: "", erasedAt: expect.any(String) });
    expect(await statisticsOf(id)).toMatchObject({ orders: "1" });
    const { rows } = await customer.database.query<{ text: string }>(
      `select row_to_json(c)::text || coalesce((select string_agg(row_to_json(a)::text, '') from address a where customer_id = c.id), '') as text
       from customer c where id = $1`,
      [id],
    );
    expect(rows[0]?.text).not.toMatch(/Ada|London|example/i);
    const events = await customer.events(id);
    expect(events.map(({ data }) => data["change"])).toEqual([
      "CUSTOMER_CHANGE_CREATED",
      "CUSTOMER_CHANGE_ADDRESSES",
      "CUSTOMER_CHANGE_ERASED",
    ]);
    expect(events.at(-1)?.data["customer"]).toEqual({ customerId: id });
  });

  it("is not undone by events that come later, and refuses writes", async () => {
    const id = newId();
    await registered(id);
    const order = orderOf(id);
    await order.confirmed();
    expect((await customer.http(`/customers/${id}/erase`, { method: "POST", as: staff, body: {} })).status).toBe(200);
    await registered(id, { aggregateVersion: 2n });
    await order.completed();
    for (const more of [orderOf(id), orderOf(id), orderOf(id)]) await more.confirmed();
    expect(await profileOf(id)).toMatchObject({ email: "", displayName: "", erasedAt: expect.any(String) });
    expect(await statisticsOf(id)).toMatchObject({ orders: "4" });
    expect(await changesOf(id)).toEqual(["CUSTOMER_CHANGE_CREATED", "CUSTOMER_CHANGE_ERASED"]);
    const refused = await Promise.all([
      customer.http(`/customers/${id}`, { method: "PUT", as: staff, body: { version: "2", displayName: "Ada" } }),
      customer.http(`/customers/${id}/addresses`, { method: "POST", as: staff, body: { address } }),
    ]);
    for (const answer of refused) expect(answer).toMatchObject({ status: 409, json: { error: "customer.erased" } });
    customer.clock.advance(400 * DAY_MS);
    await customer.runJob("customer.segmentation");
    expect(await changesOf(id)).toHaveLength(2);
  });

  it("exports everything that is held", async () => {
    const id = newId();
    await registered(id);
    const order = orderOf(id);
    await order.confirmed();
    const own = await customer.tokens.customer(id);
    await customer.http(`/customers/${id}/addresses`, { method: "POST", as: own, body: { label: "Home", address } });
    expect(await get(`/customers/${id}/export`, own)).toMatchObject({
      customer: { customerId: id, displayName: "Ada Byron" },
      addresses: [{ label: "Home", address: { city: "London" } }],
      statistics: { orders: "1" },
      orders: [{ orderId: order.orderId, status: "ORDER_STATUS_CONFIRMED", total: { amountMinor: "5000" } }],
    });
  });
});
