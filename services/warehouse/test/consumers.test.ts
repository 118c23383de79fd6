import { timestampFromDate } from "@bufbuild/protobuf/wkt";
import { ProductCreatedSchema, ProductDeletedSchema, ProductUpdatedSchema } from "@tandem/contracts/catalog";
import { OrderCancelledSchema, OrderConfirmedSchema, OrderCreatedSchema } from "@tandem/contracts/order";
import { newId } from "@tandem/kernel";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type Harness, startHarness } from "./harness.ts";

let warehouse: Harness;
let staff: { readonly authorization: string };
beforeAll(async () => {
  warehouse = await startHarness();
  staff = await warehouse.tokens.as("staff");
});
afterAll(() => warehouse[Symbol.asyncDispose]());

const occurredAt = { seconds: 1n, nanos: 0 };

/** What order would say about one order. The same event always has the same id: saying it again is a redelivery. */
const orderOf = (productId: string, quantity: number, orderId = newId()) => {
  const ids = { created: newId(), confirmed: newId(), cancelled: newId() };
  const expiresAt = timestampFromDate(new Date(warehouse.clock.now().getTime() + 1_800_000));
  const order = { orderId, lines: [{ productId, quantity }], expiresAt };
  const common = { orderId, aggregateVersion: 1n, occurredAt, order };
  return {
    orderId,
    created: () => warehouse.deliver(OrderCreatedSchema, common, ids.created),
    confirmed: () => warehouse.deliver(OrderConfirmedSchema, common, ids.confirmed),
    cancelled: () => warehouse.deliver(OrderCancelledSchema, common, ids.cancelled),
  };
};
type Step = "created" | "confirmed" | "cancelled";

const stocked = async (pieces: number) => {
  const productId = newId();
  const body = { sellerId: newId(), delta: pieces, reason: "delivery" };
  await warehouse.http(`/stock/${productId}/adjustments`, { method: "POST", as: staff, body });
  return productId;
};
const stockOf = async (productId: string) => {
  const { rows } = await warehouse.database.query<{ onHand: number; reserved: number }>(
    `select on_hand as "onHand", reserved from stock where product_id = $1`,
    [productId],
  );
  return rows[0];
};
const statusOf = async (orderId: string) => {
  const { rows } = await warehouse.database.query<{ status: string }>(
    "select status from reservation where order_id = $1",
    [orderId],
  );
  return rows[0]?.status;
};

describe("orders", () => {
  const orders: [steps: Step[], status: string, onHand: number, topics: string[]][] = [
    [["created", "confirmed"], "COMMITTED", 3, ["stock.reserved"]],
    [["created", "cancelled"], "RELEASED", 5, ["stock.reserved", "stock.released"]],
    [["created", "confirmed", "cancelled"], "RELEASED", 5, ["stock.reserved", "stock.released"]],
    [["cancelled", "created"], "RELEASED", 5, ["stock.released"]],
    [["cancelled", "created", "confirmed"], "RELEASED", 5, ["stock.released"]],
    [["created", "cancelled", "confirmed"], "RELEASED", 5, ["stock.reserved", "stock.released"]],
  ];
  it.each(orders)("%s, each twice: %s", async (steps, status, onHand, topics) => {
    const productId = await stocked(5);
    const order = orderOf(productId, 2);
    for (const step of steps) {
      expect(await order[step]()).toBe("ack");
      expect(await order[step]()).toBe("ack");
    }
    expect(await statusOf(order.orderId)).toBe(status);
    expect(await stockOf(productId)).toEqual({ onHand, reserved: 0 });
    expect(await warehouse.topics(order.orderId)).toEqual(topics);
  });

  it("that are confirmed before they are known are delivered again until they are", async () => {
    const productId = await stocked(5);
    const order = orderOf(productId, 2);
    expect(await order.confirmed()).toBe("retry");
    expect(await order.created()).toBe("ack");
    expect(await order.confirmed()).toBe("ack");
    expect(await statusOf(order.orderId)).toBe("COMMITTED");
    expect(await warehouse.deadLetters(order.orderId)).toEqual([]);
  });

  it("may say everything at once: what comes out adds up", async () => {
    const productId = await stocked(5);
    const order = orderOf(productId, 2);
    let left: readonly Step[] = ["cancelled", "confirmed", "created", "cancelled", "created"];
    for (let round = 0; left.length > 0 && round < 10; round += 1) {
      const outcomes = await Promise.all(left.map((step) => order[step]()));
      left = left.filter((_, index) => outcomes[index] !== "ack");
    }
    expect(left).toEqual([]);
    expect(await statusOf(order.orderId)).toBe("RELEASED");
    expect(await stockOf(productId)).toEqual({ onHand: 5, reserved: 0 });
    expect((await warehouse.topics(order.orderId)).filter((topic) => topic === "stock.released")).toHaveLength(1);
  });

  it("for the last piece, at once: exactly one gets it, each gets one answer", async () => {
    const productId = await stocked(1);
    const orders = Array.from({ length: 8 }, () => orderOf(productId, 1));
    const outcomes = await Promise.all(orders.map((order) => order.created()));
    expect(new Set(outcomes)).toEqual(new Set(["ack"]));
    const answers = await Promise.all(orders.map(({ orderId }) => warehouse.topics(orderId)));
    expect(answers.filter(([topic]) => topic === "stock.reserved")).toHaveLength(1);
    expect(answers.flat()).toHaveLength(8);
  });
});

describe("events that are no use", () => {
  const commonOf = (orderId: string) => ({ orderId, aggregateVersion: 1n, occurredAt });
  const expiresAt = { seconds: 4_000_000_000n, nanos: 0 };

  it("become dead letters at once, and change nothing", async () => {
    const productId = await stocked(5);
    const before = await warehouse.fingerprint();
    for (const order of [
      undefined,
      { lines: [{ productId, quantity: 1 }] },
      { lines: [{ productId, quantity: -1 }], expiresAt },
      { lines: [{ productId, quantity: 0 }], expiresAt },
      { lines: [{ productId: "x", quantity: 1 }], expiresAt },
      { lines: [], expiresAt },
    ]) {
      const orderId = newId();
      const init = order ? { ...commonOf(orderId), order: { orderId, ...order } } : commonOf(orderId);
      expect(await warehouse.deliver(OrderCreatedSchema, init)).toBe("ack");
      expect(await warehouse.deadLetters(orderId)).toEqual(["warehouse.on-order-created"]);
    }
    expect(await warehouse.fingerprint()).toEqual(before);
  });

  it("name a product without a seller", async () => {
    const productId = newId();
    const before = await warehouse.fingerprint();
    const init = { productId, aggregateVersion: 1n, occurredAt, product: { productId } };
    expect(await warehouse.deliver(ProductCreatedSchema, init)).toBe("ack");
    expect(await warehouse.deadLetters(productId)).toEqual(["warehouse.on-product-created"]);
    expect(await warehouse.fingerprint()).toEqual(before);
  });
});

describe("products", () => {
  const about = (productId: string, sellerId: string) => ({
    productId,
    aggregateVersion: 1n,
    occurredAt,
    product: { productId, sellerId },
  });
  const sellerOf = async (productId: string) => {
    const { rows } = await warehouse.database.query<{ seller_id: string }>(
      "select * from stock where product_id = $1",
      [productId],
    );
    return rows[0]?.seller_id;
  };

  it.each([
    ["created", ProductCreatedSchema],
    ["updated", ProductUpdatedSchema],
  ] as const)("that are %s open an empty stock row, once", async (_, schema) => {
    const [productId, sellerId, id] = [newId(), newId(), newId()];
    for (let n = 0; n < 2; n += 1) await warehouse.deliver(schema, about(productId, sellerId), id);
    await warehouse.deliver(ProductUpdatedSchema, about(productId, sellerId));
    expect(await stockOf(productId)).toEqual({ onHand: 0, reserved: 0 });
    expect(await warehouse.topics(productId)).toEqual(["stock.changed"]);
  });

  it("that a stranger opened by a delivery go to their own seller, pieces and all", async () => {
    const productId = await stocked(4);
    const sellerId = newId();
    await warehouse.deliver(ProductCreatedSchema, about(productId, sellerId));
    expect([await sellerOf(productId), await stockOf(productId)]).toEqual([sellerId, { onHand: 4, reserved: 0 }]);
    expect(await warehouse.topics(productId)).toEqual(["stock.changed", "stock.changed"]);
  });

  it("that are deleted are promised no more; what was promised is kept, and taken off the shelf", async () => {
    const productId = await stocked(5);
    const kept = orderOf(productId, 2);
    await kept.created();
    const gone = { productId, aggregateVersion: 2n, occurredAt, sellerId: newId() };
    for (let n = 0; n < 2; n += 1) await warehouse.deliver(ProductDeletedSchema, gone);
    const late = orderOf(productId, 1);
    await late.created();
    expect(await warehouse.topics(late.orderId)).toEqual(["stock.rejected"]);
    await kept.confirmed();
    expect(await stockOf(productId)).toEqual({ onHand: 3, reserved: 0 });
    const { json } = await warehouse.http(`/stock/${productId}`, { as: staff });
    expect(json.data).toMatchObject({ onHand: 3, status: "STOCK_STATUS_OUT_OF_STOCK" });
  });

  it("that are deleted before they are known stay so", async () => {
    const [productId, sellerId] = [newId(), newId()];
    await warehouse.deliver(ProductDeletedSchema, { productId, aggregateVersion: 2n, occurredAt, sellerId });
    await warehouse.deliver(ProductCreatedSchema, about(productId, sellerId));
    const body = { delta: 3, reason: "delivery" };
    await warehouse.http(`/stock/${productId}/adjustments`, { method: "POST", as: staff, body });
    const order = orderOf(productId, 1);
    await order.created();
    expect(await warehouse.topics(order.orderId)).toEqual(["stock.rejected"]);
  });
});

describe("jobs", () => {
  it("reservation-expiry gives back what was not confirmed in time, once; a late confirmation is honoured while it can be", async () => {
    warehouse.clock.advance(3_600_000);
    await warehouse.runJob("warehouse.reservation-expiry"); // what the tests before have left
    const [one, other] = [await stocked(2), await stocked(2)];
    const [kept, lost] = [orderOf(one, 2), orderOf(other, 2)];
    await kept.created();
    await lost.created();
    warehouse.clock.advance(1_800_001);
    expect(await warehouse.runJob("warehouse.reservation-expiry")).toMatchObject({ released: 2 });
    expect(await warehouse.runJob("warehouse.reservation-expiry")).toMatchObject({ released: 0 });
    await orderOf(other, 1).created();
    expect(await kept.confirmed()).toBe("ack");
    expect(await lost.confirmed()).toBe("ack");
    expect([await statusOf(kept.orderId), await statusOf(lost.orderId)]).toEqual(["COMMITTED", "REJECTED"]);
    expect(await warehouse.topics(lost.orderId)).toEqual(["stock.reserved", "stock.released", "stock.rejected"]);
  });

  it("stock-reconciliation finds no drift after all of this, and one that is planted", async () => {
    expect(await warehouse.runJob("warehouse.stock-reconciliation")).toEqual({ drifts: 0, repaired: 0 });
    const productId = await stocked(3);
    await warehouse.database.query("update stock set on_hand = 4 where product_id = $1", [productId]);
    expect(await warehouse.runJob("warehouse.stock-reconciliation")).toEqual({ drifts: 1, repaired: 0 });
  });
});
