import { timestampFromDate } from "@bufbuild/protobuf/wkt";
import {
  OrderCancelledSchema,
  OrderChange,
  OrderConfirmedSchema,
  OrderCreatedSchema,
  OrderUpdatedSchema,
} from "@tandem/contracts/order";
import { newId } from "@tandem/kernel";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type Harness, startHarness } from "./harness.ts";

let warehouse: Harness;
beforeAll(async () => {
  warehouse = await startHarness();
});
afterAll(() => warehouse[Symbol.asyncDispose]());

/** Five on the shelf, and an order of three of them. */
const ordered = async () => {
  const productId = newId();
  const body = { sellerId: newId(), delta: 5, reason: "delivery" };
  await warehouse.http(`/stock/${productId}/adjustments`, {
    method: "POST",
    as: warehouse.tokens.as("staff"),
    body,
  });
  const orderId = newId();
  const expiresAt = timestampFromDate(new Date(warehouse.clock.now().getTime() + 1_800_000));
  const order = { orderId, lines: [{ productId, quantity: 3 }], expiresAt };
  const common = { orderId, aggregateVersion: 1n, occurredAt: { seconds: 1n }, order };
  const onHand = async () =>
    (await warehouse.database.query<{ n: number }>("select on_hand as n from stock where product_id = $1", [productId]))
      .rows[0]?.n;
  return {
    onHand,
    orderId,
    created: () => warehouse.deliver(OrderCreatedSchema, common),
    confirmed: () => warehouse.deliver(OrderConfirmedSchema, common),
    cancelled: (missing = 0) =>
      warehouse.deliver(OrderCancelledSchema, {
        ...common,
        missing: missing > 0 ? [{ productId, quantity: missing }] : [],
      }),
    shortened: (quantity: number, backOnShelf: boolean, id = newId()) =>
      warehouse.deliver(
        OrderUpdatedSchema,
        { ...common, change: OrderChange.SHORTENED, shortened: [{ productId, quantity, backOnShelf }] },
        id,
      ),
  };
};

describe("an order that shrinks", () => {
  it("gives back what was held back, and not what nobody found", async () => {
    const its = await ordered();
    await its.created();
    await its.confirmed();
    await its.shortened(1, true);
    expect(await its.onHand()).toBe(3);
    await its.shortened(1, false);
    expect(await its.onHand()).toBe(3);
    await its.cancelled();
    expect(await its.onHand()).toBe(4);
  });

  it("again changes nothing, nor does more than was reserved", async () => {
    const its = await ordered();
    await its.created();
    await its.confirmed();
    const id = newId();
    await its.shortened(2, true, id);
    await its.shortened(2, true, id);
    expect(await its.onHand()).toBe(4);
    await its.shortened(9, true);
    expect(await its.onHand()).toBe(5);
    await its.shortened(1, true);
    expect(await its.onHand()).toBe(5);
  });

  it("too early is asked for again, too late changes nothing", async () => {
    const its = await ordered();
    expect(await its.shortened(1, true)).toBe("retry");
    await its.created();
    expect(await its.shortened(1, true)).toBe("retry");
    await its.confirmed();
    await its.cancelled();
    expect(await its.shortened(1, true)).toBe("ack");
    expect(await its.onHand()).toBe(5);
  });

  it("to nothing does not give back what nobody found, or the carrier lost", async () => {
    const its = await ordered();
    await its.created();
    await its.confirmed();
    await its.cancelled(2);
    expect(await its.onHand()).toBe(3);
  });

  it("to nothing before it was taken off the shelf gives all of it back: none of it can have been lost", async () => {
    const its = await ordered();
    await its.created();
    await its.cancelled(2);
    expect(await its.onHand()).toBe(5);
  });

  it("by no sound pieces is a dead letter", async () => {
    const its = await ordered();
    await its.created();
    await its.shortened(-1, true);
    expect(await warehouse.deadLetters(its.orderId)).toEqual(["warehouse.on-order-updated"]);
  });
});
