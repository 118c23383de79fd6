import { timestampFromDate } from "@bufbuild/protobuf/wkt";
import { OrderChange, OrderConfirmedSchema, OrderCreatedSchema, OrderUpdatedSchema } from "@tandem/contracts/order";
import { newId } from "@tandem/kernel";
import { startTestService } from "@tandem/testkit/service";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { warehouseApiConfig, warehouseWorkerConfig } from "../src/config/config.ts";
import { migrations } from "../src/migrate.ts";
import { planRepair } from "../src/model/drift.ts";
import { composeApi } from "../src/server/compose-api.ts";
import { composeWorker } from "../src/worker/compose-worker.ts";
import { type Harness, startHarness } from "./harness.ts";

let warehouse: Harness;
let staff: { readonly authorization: string };
beforeAll(async () => {
  warehouse = await startHarness();
  staff = await warehouse.tokens.as("staff");
});
afterAll(() => warehouse[Symbol.asyncDispose]());

const occurredAt = { seconds: 1n, nanos: 0 };
const stocked = async (pieces: number) => {
  const productId = newId();
  const body = { sellerId: newId(), delta: pieces, reason: "delivery" };
  await warehouse.http(`/stock/${productId}/adjustments`, { method: "POST", as: staff, body });
  return productId;
};
const held = async (productId: string, quantity: number) => {
  const orderId = newId();
  const expiresAt = timestampFromDate(new Date(warehouse.clock.now().getTime() + 1_800_000));
  const order = { orderId, lines: [{ productId, quantity }], expiresAt };
  const common = { orderId, aggregateVersion: 1n, occurredAt, order };
  await warehouse.deliver(OrderCreatedSchema, common);
  return { orderId, confirm: () => warehouse.deliver(OrderConfirmedSchema, common) };
};
const stockOf = async (productId: string) => {
  const { onHand, reserved } = (await warehouse.http(`/stock/${productId}`, { as: staff })).json.data;
  return { onHand, reserved };
};
const movementsOf = async (productId: string) =>
  (await warehouse.http(`/stock/${productId}/movements`, { as: staff })).json.data.movements as {
    kind: string;
    reference: string;
    onHandDelta: number;
    reservedDelta: number;
  }[];
const plant = (productId: string, set: string) =>
  warehouse.database.query(`update stock set ${set} where product_id = $1`, [productId]);
const reconcile = async (repair: boolean) =>
  (await warehouse.http("/stock/reconciliations", { method: "POST", as: staff, body: { repair } })).json.data;
const driftsOf = async (productId: string) =>
  (
    (await warehouse.http("/stock/drifts", { as: staff })).json.data.drifts as {
      productId: string;
      status: string;
      note: string;
    }[]
  ).filter((drift) => drift.productId === productId);

describe("reconciliation", () => {
  beforeEach(() => reconcile(true));

  it("shows a drift until it is gone, and mends nothing that it was not asked to", async () => {
    const productId = await stocked(7);
    await plant(productId, "on_hand = 8");
    for (const _ of [1, 2]) expect(await reconcile(false)).toEqual({ found: 1, repaired: 0 });
    expect(await driftsOf(productId)).toMatchObject([
      { status: "DRIFT_STATUS_OPEN", onHand: 8, onHandByLedger: 7, reserved: 0, reservedByOrders: 0 },
    ]);
    expect(await stockOf(productId)).toEqual({ onHand: 8, reserved: 0 });
    await plant(productId, "on_hand = 7");
    expect(await reconcile(false)).toEqual({ found: 0, repaired: 0 });
    expect(await driftsOf(productId)).toMatchObject([{ status: "DRIFT_STATUS_GONE", endedAt: expect.any(String) }]);
  });

  it("mends: the shelf by the ledger, promises by what orders hold, with a movement that tells why, and announces it", async () => {
    const productId = await stocked(9);
    await held(productId, 2);
    await plant(productId, "on_hand = 12, reserved = 5");
    const before = (await warehouse.events(productId)).length;
    expect(await reconcile(true)).toEqual({ found: 1, repaired: 1 });
    expect(await reconcile(true)).toEqual({ found: 0, repaired: 0 });
    expect(await stockOf(productId)).toEqual({ onHand: 9, reserved: 2 });
    expect((await movementsOf(productId))[0]).toMatchObject({
      kind: "MOVEMENT_KIND_RECONCILIATION",
      reference: "record 12/5, ledger 9/2, orders 2",
      onHandDelta: 0,
      reservedDelta: 0,
    });
    const events = await warehouse.events(productId);
    expect(events).toHaveLength(before + 1);
    expect(events.at(-1)).toMatchObject({ topic: "stock.changed", data: { onHand: 9, reserved: 2, available: 7 } });
    expect(await driftsOf(productId)).toMatchObject([{ status: "DRIFT_STATUS_REPAIRED" }]);
  });

  it("brings a ledger back that promises what no order holds", async () => {
    const productId = await stocked(5);
    const { orderId } = await held(productId, 3);
    await warehouse.database.query("delete from reservation where order_id = $1", [orderId]);
    expect(await reconcile(true)).toEqual({ found: 1, repaired: 1 });
    expect(await stockOf(productId)).toEqual({ onHand: 5, reserved: 0 });
    expect((await movementsOf(productId))[0]).toMatchObject({ reservedDelta: -3 });
  });

  it("leaves to people what it cannot mend, and says why", async () => {
    const productId = await stocked(5);
    const { orderId } = await held(productId, 3);
    await warehouse.database.query("delete from movement where product_id = $1", [productId]);
    expect(await reconcile(true)).toEqual({ found: 1, repaired: 0 });
    expect(await driftsOf(productId)).toMatchObject([
      { status: "DRIFT_STATUS_OPEN", note: "orders hold more than the ledger has" },
    ]);
    expect(await stockOf(productId)).toEqual({ onHand: 5, reserved: 3 });
    await warehouse.database.query("delete from reservation where order_id = $1", [orderId]);
    await warehouse.database.query("delete from stock where product_id = $1", [productId]);
    expect(await reconcile(true)).toEqual({ found: 0, repaired: 0 });
  });

  it("takes nothing in flight for a drift: it mends while orders come, and everything adds up", async () => {
    const productIds = await Promise.all(Array.from({ length: 4 }, () => stocked(100)));
    for (const productId of productIds) await plant(productId, "on_hand = 101");
    const orders = Array.from({ length: 24 }, async (_, at) => {
      const { confirm } = await held(productIds[at % 4] ?? "", 1);
      if (at < 12) await confirm();
    });
    await Promise.all([...orders, reconcile(true), reconcile(true), reconcile(true)]);
    await reconcile(true);
    expect(await reconcile(false)).toEqual({ found: 0, repaired: 0 });
    for (const productId of productIds) expect(await stockOf(productId)).toEqual({ onHand: 97, reserved: 3 });
  });

  it("at night reports, or mends where that is configured", async () => {
    const productId = await stocked(7);
    await plant(productId, "on_hand = 8");
    expect(await warehouse.runJob("warehouse.stock-reconciliation")).toEqual({ drifts: 1, repaired: 0 });
    expect(await stockOf(productId)).toMatchObject({ onHand: 8 });
    await using mending = await startTestService({
      context: "warehouse",
      migrations,
      api: { config: warehouseApiConfig, compose: composeApi },
      worker: { config: warehouseWorkerConfig, compose: composeWorker },
      env: { STOCK_RECONCILIATION: "repair" },
    });
    const body = { sellerId: newId(), delta: 7, reason: "delivery" };
    const path = `/stock/${productId}/adjustments`;
    await mending.http(path, { method: "POST", as: mending.tokens.as("staff"), body });
    await mending.database.query("update stock set on_hand = 8");
    expect(await mending.runJob("warehouse.stock-reconciliation")).toEqual({ drifts: 1, repaired: 1 });
  });

  it("is for staff; operators look; sellers and customers do neither", async () => {
    const productId = await stocked(7);
    await plant(productId, "on_hand = 8");
    const before = await warehouse.fingerprint();
    const post = (as: typeof staff, body: unknown = { repair: true }) =>
      warehouse.http("/stock/reconciliations", { method: "POST", as, body });
    const [operator, seller] = [await warehouse.tokens.as("operator"), await warehouse.tokens.seller()];
    for (const as of [operator, seller, await warehouse.tokens.customer()]) expect((await post(as)).status).toBe(403);
    expect((await post(staff, { repair: "yes" })).status).toBe(400);
    expect((await warehouse.http("/stock/drifts", { as: operator })).status).toBe(200);
    expect((await warehouse.http("/stock/drifts", { as: seller })).status).toBe(403);
    for (const query of ["status=99", "status=LOST", "page.cursor=x"])
      expect((await warehouse.http(`/stock/drifts?${query}`, { as: staff })).status).toBe(400);
    expect(await warehouse.fingerprint()).toEqual(before);
    const open = await warehouse.http("/stock/drifts?status=DRIFT_STATUS_OPEN&page.offset=0", { as: staff });
    expect(open.status).toBe(200);
  });
});

it("has no plan for stock of which there is no record, or a ledger below nothing", () => {
  const evidence = {
    productId: newId(),
    onHand: 0,
    reserved: 0,
    onHandByLedger: -1,
    reservedByLedger: 0,
    reservedByOrders: 0,
  };
  const context = { at: new Date(), newId };
  expect(planRepair(undefined, evidence, context)).toMatchObject({ kind: "impossible" });
  const stock = { ...evidence, sellerId: newId(), discontinued: false, version: 1n, updatedAt: new Date() };
  expect(planRepair(stock, evidence, context)).toMatchObject({ kind: "impossible", note: /less than nothing/ });
});

describe("goods that come back", () => {
  const returned = (lines: object[], returnId = newId(), orderId = newId()) => {
    const returns = [
      { returnId: newId(), lines: [{ productId: newId(), quantity: 9 }] },
      { returnId, lines },
    ];
    const init = { orderId, aggregateVersion: 7n, occurredAt, change: OrderChange.RETURNED, returnId };
    return { returnId, orderId, init: { ...init, order: { orderId, returns } } };
  };

  it("lie on the shelf again, once per return, with a movement", async () => {
    const [a, b] = [await stocked(5), await stocked(1)];
    const { init, returnId } = returned([
      { productId: a, quantity: 2 },
      { productId: b, quantity: 1 },
      { productId: a, quantity: 1 },
    ]);
    const outcomes = await Promise.all([1, 2, 3].map(() => warehouse.deliver(OrderUpdatedSchema, init)));
    expect(outcomes).toEqual(["ack", "ack", "ack"]);
    expect(await stockOf(a)).toEqual({ onHand: 8, reserved: 0 });
    expect(await stockOf(b)).toEqual({ onHand: 2, reserved: 0 });
    expect((await movementsOf(a)).filter(({ kind }) => kind === "MOVEMENT_KIND_RETURN")).toMatchObject([
      { reference: returnId, onHandDelta: 3 },
    ]);
    const second = returned([{ productId: a, quantity: 1 }], newId(), init.orderId);
    await warehouse.deliver(OrderUpdatedSchema, second.init);
    expect(await stockOf(a)).toMatchObject({ onHand: 9 });
  });

  it("of a product that is not known yet are delivered again later", async () => {
    const { init } = returned([{ productId: newId(), quantity: 1 }]);
    expect(await warehouse.deliver(OrderUpdatedSchema, init)).toBe("retry");
  });

  it("that the event does not name, or names wrongly, are a dead letter; other changes are nothing", async () => {
    const productId = await stocked(5);
    const before = await warehouse.fingerprint();
    const wrong = [
      { ...returned([{ productId, quantity: 1 }]).init, returnId: newId() },
      { ...returned([{ productId, quantity: 1 }]).init, returnId: "" },
      returned([]).init,
      returned([{ productId, quantity: -1 }]).init,
      returned([{ productId: "x", quantity: 1 }]).init,
    ];
    for (const init of wrong) {
      expect(await warehouse.deliver(OrderUpdatedSchema, init)).toBe("ack");
      expect(await warehouse.deadLetters(init.orderId)).toEqual(["warehouse.on-order-updated"]);
    }
    const other = { ...returned([{ productId, quantity: 1 }]).init, change: OrderChange.RETURN_REQUESTED };
    expect(await warehouse.deliver(OrderUpdatedSchema, other)).toBe("ack");
    expect(await warehouse.fingerprint()).toEqual(before);
  });
});
