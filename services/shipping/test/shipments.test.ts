import { createHash } from "node:crypto";
import { newId } from "@tandem/kernel";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type Harness, type StoredShipment, startHarness, testParcel } from "./harness.ts";

let shipping: Harness;
let staff: { readonly authorization: string };
beforeAll(async () => {
  shipping = await startHarness();
  staff = await shipping.tokens.as("staff");
});
afterAll(() => shipping[Symbol.asyncDispose]());

const bookingsOf = async ({ trackingNumber }: Pick<StoredShipment, "trackingNumber">) =>
  (await shipping.bookings()).filter((booking) => booking.trackingNumber === trackingNumber);
const statusesOf = async (shipmentId: string): Promise<string[]> => {
  const { json } = await shipping.http(`/shipments/${shipmentId}/tracking`, { as: staff });
  return json.data.events.map(({ status }: { status: string }) => status.replace("TRACKING_STATUS_", ""));
};
const sent = async (recipient: string, over = {}) => {
  const parcel = testParcel({ recipient, ...over });
  await shipping.packed(parcel);
  await shipping.handedOver(parcel);
  return { parcel, id: ((await shipping.shipmentOf(parcel)) as StoredShipment).id };
};

describe("a parcel of a fulfillment", () => {
  it("is booked with the cheapest carrier when packed, fetched when handed over, and followed to the door", async () => {
    const { parcel, shipment } = await shipping.labelled();
    const { id, trackingNumber } = shipment;
    expect(shipment.carrier).toBe("ox");
    expect((await shipping.events(id))[0]).toMatchObject({
      topic: "shipment.created",
      data: {
        orderId: parcel.orderId,
        fulfillmentId: parcel.fulfillmentId,
        carrier: "ox",
        trackingNumber,
        lines: [{ productId: parcel.productId, quantity: 2 }],
      },
    });
    expect(await shipping.handedOver(parcel)).toBe("ack");
    await shipping.until(id, "shipment.delivered");
    expect(await shipping.topics(id)).toEqual(["shipment.created", "shipment.dispatched", "shipment.delivered"]);
    const versions = (await shipping.events(id)).map(({ data }) => Number(data["aggregateVersion"]));
    expect(new Set(versions).size).toBe(3);
    expect(versions).toEqual([...versions].sort((a, b) => a - b));
    expect(await statusesOf(id)).toEqual(["BOOKED", "PICKED_UP", "IN_TRANSIT", "OUT_FOR_DELIVERY", "DELIVERED"]);
    expect(await bookingsOf(shipment)).toMatchObject([{ pickups: 1, cancelled: false }]);
  });

  it.each(["LOST", "REFUSED", "UNDELIVERABLE"])("that is %s is announced so", async (ending) => {
    const { parcel, id } = await sent(`Ada ${ending} Park`);
    await shipping.until(id, "shipment.failed");
    expect((await shipping.events(id)).at(-1)?.data).toMatchObject({
      failure: `SHIPMENT_FAILURE_${ending}`,
      fulfillmentId: parcel.fulfillmentId,
      orderId: parcel.orderId,
      text: expect.stringMatching(/\w/),
    });
    expect(await shipping.topics(id)).toEqual(["shipment.created", "shipment.dispatched", "shipment.failed"]);
    expect((await statusesOf(id)).at(-1)).toBe(ending);
  });

  it("goes with the next carrier when the first refuses it at the counter", async () => {
    const { shipment } = await shipping.labelled({ recipient: "OVERSIZE Ltd" });
    expect(shipment).toMatchObject({ carrier: "swift", refused_by: ["ox"] });
  });

  it("is undeliverable where nobody goes, and too heavy for one carrier goes with the other", async () => {
    const { id } = await sent("Penguin", { countryCode: "AQ" });
    await shipping.until(id, "shipment.failed");
    expect(await shipping.topics(id)).toEqual(["shipment.failed"]);
    expect((await shipping.labelled({ weightGrams: 40_000 })).shipment.carrier).toBe("swift");
  });

  it("reaches its carrier though it fails twice", async () => {
    const { shipment } = await shipping.labelled({ recipient: "FLAKY Road Co" });
    expect(await bookingsOf(shipment)).toHaveLength(1);
  });

  it("is not booked twice when the answer to the booking is lost: the carrier is asked what became of it", async () => {
    const before = (await shipping.bookings()).length;
    const { shipment } = await shipping.labelled({ recipient: "TIMEOUT Gmbh" });
    expect((await shipping.bookings()).length).toBe(before + 1);
    expect(await bookingsOf(shipment)).toHaveLength(1);
    const { rows } = await shipping.database.query(
      "select attempts, last_error from operation where shipment_id = $1 and kind = 'BOOK'",
      [shipment.id],
    );
    expect(rows).toMatchObject([{ attempts: 2 }]);
  });

  it("has one booking under duplicates and at once", async () => {
    const parcel = testParcel();
    const before = (await shipping.bookings()).length;
    const same = newId();
    const outcomes = await Promise.all([
      ...Array.from({ length: 10 }, () => shipping.packed(parcel)),
      ...Array.from({ length: 5 }, () => shipping.packed(parcel, same)),
      ...Array.from({ length: 5 }, () => shipping.handedOver(parcel)),
    ]);
    for (const [index, outcome] of outcomes.entries())
      if (outcome !== "ack")
        expect(await (index < 15 ? shipping.packed(parcel) : shipping.handedOver(parcel))).toBe("ack");
    const { id } = (await shipping.shipmentOf(parcel)) as StoredShipment;
    await shipping.until(id, "shipment.delivered");
    expect(await shipping.topics(id)).toEqual(["shipment.created", "shipment.dispatched", "shipment.delivered"]);
    expect((await shipping.bookings()).length).toBe(before + 1);
    expect((await shipping.bookings()).at(-1)).toMatchObject({ pickups: 1 });
  });
});

describe("a parcel that is called off", () => {
  it("has its booking taken back, and is not fetched though somebody hands it over", async () => {
    const { parcel, shipment } = await shipping.labelled();
    expect(await shipping.cancelled(parcel)).toBe("ack");
    expect(await shipping.cancelled(parcel)).toBe("ack");
    expect(await shipping.handedOver(parcel)).toBe("ack");
    await shipping.untilStatus(shipment.id, "CANCELLED");
    expect(await shipping.topics(shipment.id)).toEqual(["shipment.created"]);
    expect(await bookingsOf(shipment)).toMatchObject([{ pickups: 0, cancelled: true }]);
  });

  it("at once with its packing, never leaves, whichever comes first", async () => {
    const parcels = Array.from({ length: 12 }, () => testParcel());
    await Promise.all(parcels.flatMap((parcel) => [shipping.packed(parcel), shipping.cancelled(parcel)]));
    for (const parcel of parcels) {
      await shipping.cancelled(parcel);
      const { id } = (await shipping.shipmentOf(parcel)) as StoredShipment;
      await shipping.untilStatus(id, "CANCELLED");
      expect(await shipping.topics(id)).not.toContain("shipment.dispatched");
    }
    const kept = (await shipping.bookings()).filter(({ pickups, cancelled }) => pickups === 0 && !cancelled);
    const { rows } = await shipping.database.query<{ n: number }>(
      "select count(*)::int as n from shipment where status in ('BOOKED', 'LABELLED')",
    );
    expect(kept).toHaveLength(rows[0]?.n ?? -1);
  });

  it("before anybody heard that it was packed is never booked", async () => {
    const parcel = testParcel();
    expect(await shipping.cancelled(parcel)).toBe("ack");
    expect(await shipping.packed(parcel)).toBe("ack");
    const shipment = (await shipping.shipmentOf(parcel)) as StoredShipment;
    expect(shipment).toMatchObject({ status: "CANCELLED", version: "1" });
    const { rows } = await shipping.database.query("select 1 from operation where shipment_id = $1", [shipment.id]);
    expect(rows).toEqual([]);
  });
});

describe("a return", () => {
  it("gets a label and a carrier who fetches it, once, and is announced when it is back", async () => {
    const { parcel, id } = await sent("Ada Park");
    await shipping.until(id, "shipment.delivered");
    const returnId = newId();
    for (let n = 0; n < 3; n += 1) expect(await shipping.returned(parcel, returnId)).toBe("ack");
    const { rows } = await shipping.database.query<{ id: string; sender: object; recipient: object }>(
      "select id, sender, recipient from shipment where return_id = $1",
      [returnId],
    );
    expect(rows).toMatchObject([{ sender: { recipient: "Ada Park" }, recipient: { recipient: "Tandem Logistics" } }]);
    const back = rows[0]?.id ?? "";
    await shipping.until(back, "shipment.returned");
    expect(await shipping.topics(back)).toEqual(["shipment.created", "shipment.returned"]);
    expect((await shipping.events(back)).map(({ data }) => data["returnId"])).toEqual([returnId, returnId]);
    const [created] = await shipping.events(back);
    expect(created?.data).toMatchObject({ orderId: parcel.orderId });
    // Without a fulfillment: its context has nothing to do with it.
    expect(created?.data).not.toHaveProperty("fulfillmentId");
  });
});

describe("the label", () => {
  it("is printed once and kept, and goes when its parcel is called off", async () => {
    const { parcel, shipment } = await shipping.labelled();
    const get = async () => {
      const answer = await fetch(`${shipping.url}/shipments/${shipment.id}/label`, { headers: staff });
      return { answer, bytes: Buffer.from(await answer.arrayBuffer()) };
    };
    const [first, second] = [await get(), await get()];
    expect(first.answer.headers.get("content-type")).toBe("application/pdf");
    expect(first.bytes.subarray(0, 5).toString()).toBe("%PDF-");
    const hash = (bytes: Buffer) => createHash("sha256").update(bytes).digest("hex");
    expect(hash(second.bytes)).toBe(hash(first.bytes));
    await shipping.cancelled(parcel);
    await shipping.untilStatus(shipment.id, "CANCELLED");
    expect((await get()).answer.status).toBe(409);
  });
});
