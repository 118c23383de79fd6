import { newId } from "@tandem/kernel";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type Harness, type StoredShipment, startHarness, testParcel } from "./harness.ts";

let shipping: Harness;
beforeAll(async () => {
  shipping = await startHarness();
});
afterAll(() => shipping[Symbol.asyncDispose]());

const bookingsOf = async ({ trackingNumber }: StoredShipment) =>
  (await shipping.bookings()).filter((booking) => booking.trackingNumber === trackingNumber);

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
    expect(versions).toEqual([...versions].sort((a, b) => a - b));
    const { json } = await shipping.http(`/shipments/${id}/tracking`, { as: shipping.tokens.as("staff") });
    expect(json.data.events.map(({ status }: { status: string }) => status)).toEqual([
      "TRACKING_STATUS_BOOKED",
      "TRACKING_STATUS_PICKED_UP",
      "TRACKING_STATUS_IN_TRANSIT",
      "TRACKING_STATUS_OUT_FOR_DELIVERY",
      "TRACKING_STATUS_DELIVERED",
    ]);
    expect(await bookingsOf(shipment)).toMatchObject([{ pickups: 1, cancelled: false }]);
  });
});
void newId;
void testParcel;
