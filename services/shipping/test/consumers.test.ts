import { CustomerChange, CustomerUpdatedSchema } from "@tandem/contracts/customer";
import { FulfillmentStatus, FulfillmentStatusChangedSchema } from "@tandem/contracts/fulfillment";
import { OrderChange, OrderUpdatedSchema } from "@tandem/contracts/order";
import { newId } from "@tandem/kernel";
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import {
  type Harness,
  returnRequested,
  type StoredShipment,
  startHarness,
  statusChanged,
  type TestParcel,
  testParcel,
} from "./harness.ts";

let shipping: Harness;
beforeAll(async () => {
  shipping = await startHarness();
});
afterAll(() => shipping[Symbol.asyncDispose]());

const idOf = async (parcel: TestParcel) => ((await shipping.shipmentOf(parcel)) as StoredShipment).id;
const ended = async (parcel: TestParcel, status = "DELIVERED") => {
  const id = await idOf(parcel);
  await shipping.untilStatus(id, status);
  return id;
};

describe("fulfillment.status_changed, in any order and more than once", () => {
  it("leads to one delivered parcel: packed and handed over", async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.constantFrom("packed" as const, "handedOver" as const), { maxLength: 5 }),
        fc.shuffledSubarray(["packed", "handedOver"] as const, { minLength: 2 }),
        async (more, both) => {
          const parcel = testParcel();
          const ids = { packed: newId(), handedOver: newId() };
          for (const step of [...both, ...more]) expect(await shipping[step](parcel, ids[step])).toBe("ack");
          const id = await ended(parcel);
          expect(await shipping.topics(id)).toEqual(["shipment.created", "shipment.dispatched", "shipment.delivered"]);
        },
      ),
      { numRuns: 8 },
    );
  });

  it("leads to a cancelled one, never sent: packed and cancelled", async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.constantFrom("packed" as const, "cancelled" as const), { maxLength: 5 }),
        fc.shuffledSubarray(["packed", "cancelled"] as const, { minLength: 2 }),
        async (more, both) => {
          const parcel = testParcel();
          for (const step of [...both, ...more]) expect(await shipping[step](parcel)).toBe("ack");
          const id = await ended(parcel, "CANCELLED");
          expect(await shipping.topics(id)).not.toContain("shipment.dispatched");
          expect(await shipping.topics(id)).not.toContain("shipment.failed");
        },
      ),
      { numRuns: 8 },
    );
  });

  it("is remembered where it had its effect, by the statement that had it; what is none of our business is not", async () => {
    const { parcel, shipment } = await shipping.labelled();
    const rows = async (id: string) =>
      (await shipping.database.query("select 1 from tandem.inbox where event_id = $1", [id])).rowCount;
    const [early, over, other] = [newId(), newId(), newId()];
    const fresh = testParcel();
    expect(await shipping.handedOver(fresh, early)).toBe("ack");
    expect(await shipping.handedOver(parcel, over)).toBe("ack");
    const shipped = statusChanged(parcel, FulfillmentStatus.SHIPPED, FulfillmentStatus.HANDED_OVER);
    expect(await shipping.deliver(FulfillmentStatusChangedSchema, shipped, other)).toBe("ack");
    expect([await rows(early), await rows(over), await rows(other)]).toEqual([1, 1, 0]);
    // Whatever became of it: an event that was handled is not handled again.
    await ended(parcel);
    await shipping.database.query("update shipment set status = 'LABELLED', handed_over = false where id = $1", [
      shipment.id,
    ]);
    expect(await shipping.handedOver(parcel, over)).toBe("ack");
    expect(await shipping.shipmentOf(parcel)).toMatchObject({ status: "LABELLED", handed_over: false });
  });

  it("after the parcel is with the carrier changes nothing", async () => {
    const parcel = testParcel();
    await shipping.packed(parcel);
    await shipping.handedOver(parcel);
    const id = await ended(parcel);
    const before = await shipping.shipmentOf(parcel);
    for (const step of ["cancelled", "packed", "handedOver"] as const) await shipping[step](parcel);
    expect(await shipping.shipmentOf(parcel)).toEqual(before);
    expect(await shipping.topics(id)).toHaveLength(3);
  });

  it("about other statuses, or a cancellation of what was never packed, is none of our business", async () => {
    const before = await shipping.fingerprint();
    const { PENDING, PICKING, SHIPPED, DELIVERED, FAILED, CANCELLED } = FulfillmentStatus;
    for (const status of [PENDING, PICKING, SHIPPED, DELIVERED, FAILED, CANCELLED])
      expect(await shipping.deliver(FulfillmentStatusChangedSchema, statusChanged(testParcel(), status, PENDING))).toBe(
        "ack",
      );
    expect(await shipping.fingerprint()).toEqual(before);
  });

  it("that is no use becomes a dead letter at once, and changes nothing", async () => {
    const before = await shipping.fingerprint();
    const whole = statusChanged(testParcel(), FulfillmentStatus.PACKED, FulfillmentStatus.PICKING);
    const snapshot = whole.fulfillment as Record<string, unknown>;
    for (const fulfillment of [
      undefined,
      { ...snapshot, shippingAddress: undefined },
      { ...snapshot, lines: [] },
      { ...snapshot, lines: [{ productId: newId(), quantity: 1, picked: 0 }] },
      { ...snapshot, lines: [{ productId: "x", quantity: 1, picked: 1 }] },
      { ...snapshot, orderId: "x" },
      { ...snapshot, sellerId: "" },
      { ...snapshot, customerId: "" },
    ]) {
      const fulfillmentId = newId();
      expect(
        await shipping.deliver(FulfillmentStatusChangedSchema, { ...whole, fulfillmentId, fulfillment } as never),
      ).toBe("ack");
      expect(await shipping.deadLetters(fulfillmentId)).toEqual(["shipping.on-fulfillment-status-changed"]);
    }
    expect(await shipping.fingerprint()).toEqual(before);
  });
});

describe("order.updated", () => {
  it("with RETURN_REQUESTED that is no use becomes a dead letter; other changes are none of our business", async () => {
    const before = await shipping.fingerprint();
    const returnId = newId();
    const whole = returnRequested(testParcel(), returnId);
    const order = whole.order as Record<string, unknown>;
    const [one] = order["returns"] as Record<string, unknown>[];
    for (const over of [
      { returnId: "" },
      { returnId: newId() },
      { order: { ...order, shippingAddress: undefined } },
      { order: { ...order, customerId: "" } },
      { order: { ...order, returns: [{ ...one, lines: [] }] } },
      { order: { ...order, returns: [{ ...one, sellerId: "x" }] } },
    ]) {
      const orderId = newId();
      expect(await shipping.deliver(OrderUpdatedSchema, { ...whole, orderId, ...over } as never)).toBe("ack");
      expect(await shipping.deadLetters(orderId)).toEqual(["shipping.on-order-updated"]);
    }
    for (const change of [OrderChange.SHIPPED, OrderChange.RETURNED, OrderChange.DETAILS])
      expect(await shipping.deliver(OrderUpdatedSchema, { ...whole, change })).toBe("ack");
    expect(await shipping.fingerprint()).toEqual(before);
  });
});

describe("a customer who asks to be forgotten", () => {
  const forget = (customerId: string) =>
    shipping.deliver(CustomerUpdatedSchema, {
      customerId,
      aggregateVersion: 5n,
      occurredAt: { seconds: 1_795_000_000n, nanos: 0 },
      change: CustomerChange.ERASED,
      customer: { customerId },
    });
  const addressesOf = async (id: string) => {
    const { rows } = await shipping.database.query<{
      sender: Record<string, string>;
      recipient: Record<string, string>;
    }>("select sender, recipient from shipment where id = $1", [id]);
    return rows[0];
  };
  const customerId = newId();

  it("is blank in what is at its end, at once: address, label and places; and again changes nothing", async () => {
    const parcel = testParcel({ customerId, recipient: "Ada Forgotten" });
    await shipping.packed(parcel);
    await shipping.handedOver(parcel);
    const id = await ended(parcel);
    const staff = await shipping.tokens.as("staff");
    expect((await shipping.http(`/shipments/${id}/label`, { as: staff })).status).toBe(200);
    for (let n = 0; n < 2; n += 1) expect(await forget(customerId)).toBe("ack");
    expect((await addressesOf(id))?.recipient).toEqual({
      recipient: "",
      line1: "",
      line2: "",
      postalCode: "",
      city: "",
      region: "",
      phone: "",
      countryCode: "DE",
    });
    expect((await addressesOf(id))?.sender["recipient"]).toBe("Tandem Logistics");
    expect((await shipping.http(`/shipments/${id}/label`, { as: staff })).json.error).toBe("shipping.label_not_ready");
    const { rows } = await shipping.database.query(
      "select 1 from label_document where shipment_id = $1 union all select 1 from tracking_event where shipment_id = $1 and place <> ''",
      [id],
    );
    expect(rows).toEqual([]);
    expect((await shipping.http(`/shipments/${id}`, { as: staff })).text).not.toContain("Forgotten");
  });

  it("is blank in what is on its way when it gets there, and in what is heard of later", async () => {
    const other = newId();
    const waiting = testParcel({ customerId: other });
    await shipping.packed(waiting);
    await shipping.untilStatus(await idOf(waiting), "LABELLED");
    expect(await forget(other)).toBe("ack");
    expect((await addressesOf(await idOf(waiting)))?.recipient["recipient"]).toBe("Ada Park");
    await shipping.handedOver(waiting);
    expect((await addressesOf(await ended(waiting)))?.recipient["recipient"]).toBe("");

    const late = testParcel({ customerId: other });
    await shipping.packed(late);
    await shipping.handedOver(late);
    expect((await addressesOf(await ended(late)))?.recipient["recipient"]).toBe("");

    const returnId = newId();
    await shipping.returned(testParcel({ customerId: other }), returnId);
    const { rows } = await shipping.database.query<{ id: string }>("select id from shipment where return_id = $1", [
      returnId,
    ]);
    const back = rows[0]?.id ?? "";
    await shipping.until(back, "shipment.returned");
    expect((await addressesOf(back))?.sender["recipient"]).toBe("");
  });

  it("is blank also in what gets to its end at that very moment", async () => {
    const parcel = testParcel();
    await shipping.packed(parcel);
    const id = await idOf(parcel);
    await shipping.untilStatus(id, "LABELLED");
    const other = await shipping.database.pool.connect();
    await other.query("begin");
    await other.query("update shipment set status = 'FAILED', version = version + 1 where id = $1", [id]);
    const asked = forget(parcel.customerId);
    await expect
      .poll(async () => {
        const { rows } = await shipping.database.query("select 1 from pg_locks where not granted");
        return rows.length;
      })
      .toBeGreaterThan(0);
    await other.query("commit");
    other.release();
    expect(await asked).toBe("ack");
    expect((await addressesOf(id))?.recipient["recipient"]).toBe("");
  });

  it("leaves others as they are, as do other changes of a customer", async () => {
    const parcel = testParcel();
    await shipping.packed(parcel);
    await shipping.handedOver(parcel);
    const id = await ended(parcel);
    await forget(newId());
    await shipping.deliver(CustomerUpdatedSchema, {
      customerId: parcel.customerId,
      aggregateVersion: 2n,
      occurredAt: { seconds: 1_795_000_000n, nanos: 0 },
      change: CustomerChange.PROFILE,
    });
    expect((await addressesOf(id))?.recipient["recipient"]).toBe("Ada Park");
  });
});
