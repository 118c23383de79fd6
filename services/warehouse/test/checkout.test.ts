import { newId } from "@tandem/kernel";
import { createOutbox } from "@tandem/messaging";
import { createTestDatabase, manualClock, type TestDatabase } from "@tandem/testkit";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { makeAdjustStock } from "../src/biz/adjust-stock.ts";
import { makeCommitReservation } from "../src/biz/commit-reservation.ts";
import { makeExpireReservations } from "../src/biz/expire-reservations.ts";
import { makeReconcileStock } from "../src/biz/reconcile-stock.ts";
import { makeReleaseReservation } from "../src/biz/release-reservation.ts";
import { makeReserveStock } from "../src/biz/reserve-stock.ts";
import { makeReconciliationReader } from "../src/data/reconciliation-reader.ts";
import { makeReservationReader } from "../src/data/reservation-reader.ts";
import { makeStockReader } from "../src/data/stock-reader.ts";
import { makeWarehouseUnitOfWork } from "../src/data/unit-of-work.ts";
import { migrations } from "../src/migrate.ts";

const clock = manualClock(new Date("2026-11-21T10:00:00Z"));
let test: TestDatabase;
let warehouse: ReturnType<typeof open>;

const open = ({ database }: TestDatabase) => {
  const outbox = createOutbox({ database, source: "warehouse" });
  const deps = { uow: makeWarehouseUnitOfWork(database, outbox), clock, newId };
  return {
    adjust: makeAdjustStock(deps),
    reserve: makeReserveStock(deps),
    commit: makeCommitReservation(deps),
    release: makeReleaseReservation(deps),
    expire: makeExpireReservations(deps),
    reconcile: makeReconcileStock({ ...deps, reconciliation: makeReconciliationReader(database) }),
    stocks: makeStockReader(database.orm),
    reservations: makeReservationReader(database.orm),
  };
};

const stocked = async (onHand: number): Promise<string> => {
  const productId = newId();
  await warehouse.adjust({ productId, sellerId: newId(), delta: onHand, reason: "delivery" });
  return productId;
};
const inOneHour = () => new Date(clock.now().getTime() + 3_600_000);
const topicsOf = async (orderId: string): Promise<string[]> => {
  const { rows } = await test.database.query<{ topic: string }>(
    "select topic from tandem.outbox_event where subject = $1 order by seq",
    [orderId],
  );
  return rows.map(({ topic }) => topic);
};

beforeAll(async () => {
  test = await createTestDatabase({ sets: migrations });
  warehouse = open(test);
});
afterAll(() => test.dispose());

describe("reserving", () => {
  it("promises all lines, and says so once however often it is asked", async () => {
    const [a, b] = [await stocked(5), await stocked(1)];
    const orderId = newId();
    const ask = () =>
      warehouse.reserve({
        orderId,
        lines: [
          { productId: a, quantity: 2 },
          { productId: b, quantity: 1 },
        ],
        expiresAt: inOneHour(),
      });
    const [first, second] = await Promise.all([ask(), ask()]);
    const third = await ask();
    expect(new Set([first.id, second.id, third.id]).size).toBe(1);
    expect(await warehouse.stocks.getByProductId(a)).toMatchObject({ onHand: 5, reserved: 2 });
    expect(await topicsOf(orderId)).toEqual(["stock.reserved"]);
  });

  it("promises nothing when one line is short, and names the shortage", async () => {
    const [a, b] = [await stocked(5), await stocked(1)];
    const orderId = newId();
    const lines = [
      { productId: a, quantity: 2 },
      { productId: b, quantity: 2 },
    ];
    expect(await warehouse.reserve({ orderId, lines, expiresAt: inOneHour() })).toMatchObject({ status: "REJECTED" });
    expect(await warehouse.stocks.getByProductId(a)).toMatchObject({ reserved: 0 });
    const { rows } = await test.database.query<{ data: string }>(
      "select data from tandem.outbox_event where subject = $1",
      [orderId],
    );
    expect(JSON.parse(rows[0]?.data ?? "{}")).toMatchObject({
      shortages: [{ productId: b, quantity: 2, available: 1 }],
    });
  });

  it("sells the last piece to exactly one of twenty", async () => {
    const productId = await stocked(1);
    const orders = Array.from({ length: 20 }, () => newId());
    const outcomes = await Promise.all(
      orders.map((orderId) =>
        warehouse.reserve({ orderId, lines: [{ productId, quantity: 1 }], expiresAt: inOneHour() }),
      ),
    );
    expect(outcomes.filter(({ status }) => status === "HELD")).toHaveLength(1);
    expect(await warehouse.stocks.getByProductId(productId)).toMatchObject({ onHand: 1, reserved: 1 });
  });

  it("promises nothing to an order whose cancellation arrived first", async () => {
    const productId = await stocked(3);
    const orderId = newId();
    await warehouse.release({ orderId, reason: "ORDER_CANCELLED" });
    await warehouse.reserve({ orderId, lines: [{ productId, quantity: 1 }], expiresAt: inOneHour() });
    expect(await warehouse.stocks.getByProductId(productId)).toMatchObject({ reserved: 0 });
    expect(await topicsOf(orderId)).toEqual(["stock.released"]);
  });
});

describe("the end of a reservation", () => {
  const held = async (onHand: number, quantity: number) => {
    const productId = await stocked(onHand);
    const orderId = newId();
    await warehouse.reserve({ orderId, lines: [{ productId, quantity }], expiresAt: inOneHour() });
    return { productId, orderId };
  };

  it("takes confirmed pieces off the shelf, once", async () => {
    const { productId, orderId } = await held(5, 2);
    await warehouse.commit(orderId);
    await warehouse.commit(orderId);
    expect(await warehouse.stocks.getByProductId(productId)).toMatchObject({ onHand: 3, reserved: 0 });
  });

  it("gives cancelled pieces back, promised or committed, once", async () => {
    const promised = await held(5, 2);
    const committed = await held(5, 2);
    await warehouse.commit(committed.orderId);
    for (const { orderId, productId } of [promised, committed]) {
      await warehouse.release({ orderId, reason: "ORDER_CANCELLED" });
      await warehouse.release({ orderId, reason: "ORDER_CANCELLED" });
      expect(await warehouse.stocks.getByProductId(productId)).toMatchObject({ onHand: 5, reserved: 0 });
      expect((await topicsOf(orderId)).filter((topic) => topic === "stock.released")).toHaveLength(1);
    }
  });

  it("asks for the confirmation again later when it came before the reservation", async () => {
    await expect(warehouse.commit(newId())).rejects.toMatchObject({
      code: "warehouse.reservation_not_found",
      retryable: true,
    });
  });

  it("expires, frees the pieces, and still honours a confirmation while they are there", async () => {
    const { productId, orderId } = await held(2, 2);
    const other = await held(2, 2);
    clock.advance(3_600_001);
    expect(await warehouse.expire()).toBeGreaterThanOrEqual(2);
    expect(await warehouse.stocks.getByProductId(productId)).toMatchObject({ onHand: 2, reserved: 0 });

    expect(await warehouse.commit(orderId)).toMatchObject({ status: "COMMITTED" });
    expect(await warehouse.stocks.getByProductId(productId)).toMatchObject({ onHand: 0, reserved: 0 });

    // Somebody else took the pieces of the other one meanwhile.
    await warehouse.reserve({
      orderId: newId(),
      lines: [{ productId: other.productId, quantity: 1 }],
      expiresAt: inOneHour(),
    });
    expect(await warehouse.commit(other.orderId)).toMatchObject({ status: "REJECTED" });
    expect(await topicsOf(other.orderId)).toEqual(["stock.reserved", "stock.released", "stock.rejected"]);
  });
});

it("finds no drift between stock and ledger after all of this, and finds one that is planted", async () => {
  expect(await warehouse.reconcile({ repair: false })).toEqual({ found: [], repaired: 0 });
  const productId = await stocked(7);
  await test.database.query("update stock set on_hand = 8 where product_id = $1", [productId]);
  expect(await warehouse.reconcile({ repair: false })).toEqual({
    found: [{ productId, onHand: 8, onHandByLedger: 7, reserved: 0, reservedByLedger: 0, reservedByOrders: 0 }],
    repaired: 0,
  });
});

it("cannot oversell even when the code is wrong: the database refuses", async () => {
  const productId = await stocked(1);
  await expect(test.database.query("update stock set reserved = 2 where product_id = $1", [productId])).rejects.toThrow(
    /stock_not_oversold/,
  );
});
