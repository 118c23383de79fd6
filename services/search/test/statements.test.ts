import { timestampFromDate } from "@bufbuild/protobuf/wkt";
import {
  OrderConfirmedSchema,
  OrderCreatedSchema,
  OrderPaidSchema,
  OrderStatus,
  OrderUpdatedSchema,
} from "@tandem/contracts/order";
import { newId } from "@tandem/kernel";
import { countStatements } from "@tandem/testkit";
import { afterAll, beforeAll, expect, it } from "vitest";
import { type Harness, productOf, startHarness } from "./harness.ts";

let search: Harness;
beforeAll(async () => {
  // As it runs in earnest: with the fast polling of the other tests the polls would be what is counted.
  search = await startHarness({ INDEX_POLL_MS: "500" });
});
afterAll(() => search?.[Symbol.asyncDispose]());

const orderOf = (orderId: string, customerId: string, sellerId: string, version: bigint) => ({
  orderId,
  aggregateVersion: version,
  occurredAt: { seconds: 1n, nanos: 0 },
  order: {
    orderId,
    customerId,
    status: OrderStatus.CONFIRMED,
    version,
    currencyCode: "EUR",
    lines: [
      {
        lineId: newId(),
        productId: newId(),
        sellerId,
        sku: "S",
        name: `thing ${version}`,
        quantity: 1,
        total: { currencyCode: "EUR", amountMinor: 500n },
      },
    ],
    totals: { total: { currencyCode: "EUR", amountMinor: 500n } },
    createdAt: timestampFromDate(new Date(1_700_000_000_000)),
  },
});

it("events that come together cost the database few statements, and are indexed together", async () => {
  const sellerId = newId();
  const schemas = [OrderCreatedSchema, OrderPaidSchema, OrderConfirmedSchema, OrderUpdatedSchema] as const;
  let events = 0;
  const said = await countStatements(async () => {
    // Twenty releases of a sidecar that gathers for a quarter of a second.
    for (let round = 0; round < 20; round += 1) {
      const [orderId, customerId] = [newId(), newId()];
      const product = productOf(search);
      const deliveries = [
        ...schemas.map((schema, at) => search.deliver(schema, orderOf(orderId, customerId, sellerId, BigInt(at + 1)))),
        product.created({ name: `lamp ${round}`, sellerId }),
        product.stocked(round + 1),
      ];
      expect(new Set(await Promise.all(deliveries))).toEqual(new Set(["ack"]));
      events += deliveries.length;
      await new Promise((resolve) => setTimeout(resolve, 250));
    }
    await search.settled();
  });
  const { rows } = await search.database.query<{ documents: number; inbox: number }>(
    "select (select count(*)::int from document) as documents, (select count(*)::int from tandem.inbox) as inbox",
  );
  expect(rows).toEqual([{ documents: 40, inbox: events }]);
  if (process.env["SHOW_STATEMENTS"])
    process.stdout.write(
      `${[...Map.groupBy(said, (text) => text.slice(0, 80))].map(([text, all]) => `${all.length} ${text}`).join("\n")}\n`,
    );
  // It was 1,318 when each event had a transaction of its own, and each of its rules a statement.
  expect(said.length).toBeLessThan(events * 2);
});
