import { OrderChange, OrderConfirmedSchema, OrderUpdatedSchema } from "@tandem/contracts/order";
import { ShipmentCreatedSchema, ShipmentDeliveredSchema, ShipmentDispatchedSchema } from "@tandem/contracts/shipping";
import { newId } from "@tandem/kernel";
import { createOutbox } from "@tandem/messaging";
import { countStatements } from "@tandem/testkit";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { makeWorkOff } from "../src/biz/work-off.ts";
import { makeFulfillmentUnitOfWork } from "../src/data/unit-of-work.ts";
import { fulfillmentsOf, type Harness, orderEvent, startHarness } from "./harness.ts";

let harness: Harness;
beforeAll(async () => {
  harness = await startHarness();
});
afterAll(() => harness[Symbol.asyncDispose]());

/** What the test itself asks; how another process's relay is woken is by the clock. */
const NOT_COUNTED = /^select (id, order_id as|set_config)/;

describe("what a fulfillment costs from the confirmed order to the door", () => {
  // 40 with a look before each write, an inbox row for what is nobody's business, and a round of the crew for each of its two steps.
  it("is 17 statements: one to open it, and a transaction of four for the crew and for each news of the carrier", async () => {
    const { database, clock } = harness;
    const workOff = makeWorkOff({
      uow: makeFulfillmentUnitOfWork(database, createOutbox({ database, source: "fulfillment" }), { traced: true }),
      clock,
      newId,
      delayMs: 50,
    });
    const sellerId = newId();
    const event = orderEvent([{ sellerId }]);
    const said = await countStatements(async () => {
      await harness.deliver(OrderConfirmedSchema, event);
      for (const change of [OrderChange.STOCK_RESERVED, OrderChange.SHIPPED, OrderChange.DETAILS])
        await harness.deliver(OrderUpdatedSchema, { ...event, change });
      clock.advance(60);
      await workOff();
      const [one] = await fulfillmentsOf(harness, event.orderId);
      const parcel = {
        shipmentId: newId(),
        aggregateVersion: 1n,
        occurredAt: { seconds: 1n },
        orderId: event.orderId,
        sellerId,
        fulfillmentId: one?.id ?? "",
      };
      for (const schema of [ShipmentCreatedSchema, ShipmentDispatchedSchema, ShipmentDeliveredSchema])
        await harness.deliver(schema, parcel);
    });
    expect(await fulfillmentsOf(harness, event.orderId)).toMatchObject([{ status: "DELIVERED" }]);
    const counted = said.filter((text) => !NOT_COUNTED.test(text));
    expect(counted.length, counted.map((text) => text.slice(0, 200)).join("\n")).toBeLessThanOrEqual(17);
  });
});
