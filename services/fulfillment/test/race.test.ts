import { OrderChange, OrderConfirmedSchema, OrderUpdatedSchema } from "@tandem/contracts/order";
import { ShipmentCreatedSchema } from "@tandem/contracts/shipping";
import { newId } from "@tandem/kernel";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { fulfillmentsOf, type Harness, orderEvent, startHarness } from "./harness.ts";

let harness: Harness;
beforeAll(async () => {
  harness = await startHarness();
});
afterAll(() => harness[Symbol.asyncDispose]());

const seller = newId();
const packed = async () => {
  const event = orderEvent([{ sellerId: seller }]);
  await harness.deliver(OrderConfirmedSchema, event);
  await harness.database.query("update fulfillment set status = 'PACKED' where order_id = $1", [event.orderId]);
  const [one] = await fulfillmentsOf(harness, event.orderId);
  const id = one?.id ?? "";
  const label = {
    shipmentId: newId(),
    aggregateVersion: 1n,
    occurredAt: { seconds: 1n },
    orderId: event.orderId,
    sellerId: seller,
    fulfillmentId: id,
  };
  return {
    id,
    orderId: event.orderId,
    cancel: () => harness.deliver(OrderUpdatedSchema, { ...event, change: OrderChange.CANCEL_REQUESTED }),
    label: () => harness.deliver(ShipmentCreatedSchema, label),
    handOver: async () =>
      (
        await harness.http(`/fulfillments/${id}/hand-over`, {
          method: "POST",
          as: harness.tokens.seller(seller),
          body: {},
        })
      ).status,
  };
};
const said = async (id: string) => (await harness.events(id)).map(({ data }) => data);

/** Exactly one of the two happened, and it is what was announced. */
const assertOneWinner = async ({ id, orderId }: { id: string; orderId: string }) => {
  const [{ status } = { status: "" }] = await fulfillmentsOf(harness, orderId);
  const events = await said(id);
  const handed = events.filter(
    (data) => data["status"] === "FULFILLMENT_STATUS_HANDED_OVER" && !data["cancellationRefused"],
  );
  const cancelled = events.filter((data) => data["status"] === "FULFILLMENT_STATUS_CANCELLED");
  const refused = events.filter((data) => data["cancellationRefused"]);
  expect([handed.length, cancelled.length, refused.length]).toEqual(status === "HANDED_OVER" ? [1, 0, 1] : [0, 1, 0]);
  const versions = events.map((data) => Number(data["aggregateVersion"]));
  expect(versions).toEqual([...versions].sort((a, b) => a - b));
  expect(new Set(versions).size).toBe(versions.length);
  return status;
};

describe("a cancellation while the parcel changes hands", () => {
  it("has exactly one outcome, whoever is faster", async () => {
    const outcomes = new Set<string>();
    for (let round = 0; round < 30; round += 1) {
      const its = await packed();
      // Now one, now the other has the head start.
      const racers = [its.cancel, round % 3 === 2 ? its.handOver : its.label];
      if (round % 2 === 1) racers.reverse();
      await Promise.all(racers.map((race) => race()));
      outcomes.add(await assertOneWinner(its));
    }
    expect([...outcomes].sort()).toEqual(["CANCELLED", "HANDED_OVER"]);
  });

  it("waits for the row: whoever holds it decides", async () => {
    const its = await packed();
    // A connection of its own: within `transact` the cancellation would join the transaction that it is to wait for.
    const other = await harness.database.pool.connect();
    await other.query("begin");
    await other.query("select 1 from fulfillment where id = $1 for update", [its.id]);
    const cancelling = its.cancel();
    await expect
      .poll(async () => {
        const { rows } = await harness.database.query<{ n: number }>(
          "select count(*)::int as n from pg_stat_activity where wait_event_type = 'Lock' and datname = current_database()",
        );
        return rows[0]?.n;
      })
      .toBeGreaterThan(0);
    await other.query("update fulfillment set status = 'HANDED_OVER' where id = $1", [its.id]);
    await other.query("commit");
    other.release();
    await cancelling;
    expect((await said(its.id)).at(-1)).toMatchObject({ cancellationRefused: true });
  });

  it.each([
    ["the label first", ["label", "cancel"], "HANDED_OVER"],
    ["the cancellation first", ["cancel", "label"], "CANCELLED"],
  ] as const)("with %s ends accordingly", async (_, sequence, status) => {
    const its = await packed();
    for (const step of sequence) expect(await its[step]()).toBe("ack");
    expect(await assertOneWinner(its)).toBe(status);
  });

  it("lets no part slip through: pieces that were to follow are cancelled with the rest", async () => {
    for (let round = 0; round < 10; round += 1) {
      const event = orderEvent([{ sellerId: seller, quantity: 4 }]);
      await harness.deliver(OrderConfirmedSchema, event);
      const [one] = await fulfillmentsOf(harness, event.orderId);
      const as = harness.tokens.seller(seller);
      const call = (verb: string, body: unknown = {}) =>
        harness.http(`/fulfillments/${one?.id}/${verb}`, { method: "POST", as, body });
      await call("start-picking");
      await call("confirm-pick", { lines: [{ productId: one?.lines[0]?.productId, picked: 1 }] });
      await Promise.all([
        call("pack", { missing: "MISSING_PIECES_BACKORDER" }),
        harness.deliver(OrderUpdatedSchema, { ...event, change: OrderChange.CANCEL_REQUESTED }),
      ]);
      const statuses = (await fulfillmentsOf(harness, event.orderId)).map(({ status }) => status);
      expect(new Set(statuses)).toEqual(new Set(["CANCELLED"]));
    }
  });
});
