import { FulfillmentStatus, FulfillmentStatusChangedSchema } from "@tandem/contracts/fulfillment";
import { countStatements } from "@tandem/testkit";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type Harness, type StoredShipment, startHarness, statusChanged, testParcel } from "./harness.ts";

let shipping: Harness;
beforeAll(async () => {
  shipping = await startHarness({ env: { CARRIER_TRANSIT_MS: "15", TRACKING_INTERVAL_MS: "40" } });
});
afterAll(() => shipping[Symbol.asyncDispose]());

/** What the test itself asks, and looks of the worker that find nothing, by the clock. */
const NOT_COUNTED = /^(select (status from shipment|\*, tracking_number|.*from tandem\.outbox_event)|with due as)/;

describe("what a parcel costs from packed to delivered", () => {
  it("is half of what one step a transaction would be", async () => {
    const parcel = testParcel();
    const tell = (status: FulfillmentStatus, previous: FulfillmentStatus) =>
      shipping.deliver(FulfillmentStatusChangedSchema, statusChanged(parcel, status, previous));
    const { PENDING, PICKING, HANDED_OVER, SHIPPED, DELIVERED, UNSPECIFIED } = FulfillmentStatus;
    const said = await countStatements(async () => {
      await tell(PENDING, UNSPECIFIED);
      await tell(PICKING, PENDING);
      await shipping.packed(parcel);
      const { id } = (await shipping.shipmentOf(parcel)) as StoredShipment;
      await shipping.untilStatus(id, "LABELLED");
      await shipping.handedOver(parcel);
      await shipping.untilStatus(id, "DELIVERED");
      await tell(SHIPPED, HANDED_OVER);
      await tell(DELIVERED, SHIPPED);
    });
    const counted = said.filter((text) => !NOT_COUNTED.test(text));
    // The carrier's own and the NOTIFYs included. 62 before RATE, BOOK and LABEL went on in the same hands with a statement each; a second
    // look for the parcel on a slow machine is two more.
    expect(counted.length, counted.join("\n")).toBeLessThanOrEqual(37);
    // RATE, PICKUP and TRACK: BOOK and LABEL need no claim.
    const { rows } = await shipping.database.query<{ kind: string; token: string }>(
      "select o.kind, o.token::text from operation o join shipment s on s.id = shipment_id where s.fulfillment_id = $1",
      [parcel.fulfillmentId],
    );
    expect(rows.map(({ kind }) => kind).sort()).toEqual(["BOOK", "LABEL", "PICKUP", "RATE", "TRACK"]);
    for (const { kind, token } of rows) if (kind !== "TRACK") expect(token).toBe("1");
  });
});
