import { FulfillmentStatus, FulfillmentStatusChangedSchema } from "@tandem/contracts/fulfillment";
import { countStatements } from "@tandem/testkit";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type Harness, type StoredShipment, startHarness, statusChanged, testParcel } from "./harness.ts";

let shipping: Harness;
beforeAll(async () => {
  shipping = await startHarness({
    env: { CARRIER_TRANSIT_MS: "15", TRACKING_INTERVAL_MS: "40", CARRIER_TIMEOUT_MS: "10000" },
  });
});
afterAll(() => shipping[Symbol.asyncDispose]());

/** What the test itself asks, and what is by the clock: looks of the worker, and how another process's relay is woken. */
const NOT_COUNTED = /^(select (status from shipment|\*, tracking_number|set_config)|with due as)/;

describe("what a parcel costs from packed to delivered", () => {
  it("is a statement for each event that matters and for each answer of the carrier", async () => {
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
    // Two for the events, five for the answers, four of the carrier itself. 58 when each step was a transaction of its own. Each further look
    // for the parcel on a slow machine is two more.
    expect(counted.length, counted.map((text) => text.slice(0, 200)).join("\n")).toBeLessThanOrEqual(15);
    // RATE, PICKUP and TRACK: BOOK and LABEL need no claim.
    const { rows } = await shipping.database.query<{ kind: string; token: string }>(
      "select o.kind, o.token::text from operation o join shipment s on s.id = shipment_id where s.fulfillment_id = $1",
      [parcel.fulfillmentId],
    );
    expect(rows.map(({ kind }) => kind).sort()).toEqual(["BOOK", "LABEL", "PICKUP", "RATE", "TRACK"]);
    for (const { kind, token } of rows) if (kind !== "TRACK") expect(token).toBe("1");
  });
});
