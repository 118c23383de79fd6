import { OrderConfirmedSchema } from "@tandem/contracts/order";
import { newId } from "@tandem/kernel";
import { createOutbox } from "@tandem/messaging";
import { captureLog } from "@tandem/testkit";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { makeWorkOff } from "../src/biz/work-off.ts";
import { makeFulfillmentUnitOfWork } from "../src/data/unit-of-work.ts";
import { createCrew } from "../src/worker/create-crew.ts";
import { fulfillmentsOf, type Harness, orderEvent, type Piece, startHarness } from "./harness.ts";

let harness: Harness;
beforeAll(async () => {
  harness = await startHarness();
});
afterAll(() => harness[Symbol.asyncDispose]());

const open = async (piece: Partial<Piece> = {}) => {
  const event = orderEvent([{ sellerId: newId(), ...piece }]);
  await harness.deliver(OrderConfirmedSchema, event);
  return event.orderId;
};
const outboxOf = () => createOutbox({ database: harness.database, source: "fulfillment" });
const workOff = (delayMs = 1_000) =>
  makeWorkOff({
    uow: makeFulfillmentUnitOfWork(harness.database, outboxOf(), { traced: true }),
    clock: harness.clock,
    newId,
    delayMs,
  });
const statuses = async (orderId: string) => (await fulfillmentsOf(harness, orderId)).map(({ status }) => status);
const settle = async () => {
  for (let done = 1; done > 0; ) {
    harness.clock.advance(2_000);
    done = await workOff()();
  }
};

describe("the simulated crew", () => {
  it("takes up work when it has lain long enough: picks and packs it in one visit, and announces both", async () => {
    await settle();
    const orderId = await open();
    expect(await workOff()()).toBe(0);
    harness.clock.advance(1_001);
    expect(await workOff()()).toBe(1);
    expect(await statuses(orderId)).toEqual(["PACKED"]);
    expect(await workOff()()).toBe(0);
    const [one] = await fulfillmentsOf(harness, orderId);
    expect(one?.lines).toMatchObject([{ quantity: 2, picked: 2, short: 0 }]);
    const told = (await harness.events(one?.id ?? "")).map(({ data }) => data);
    expect(told.map(({ status }) => String(status).replace("FULFILLMENT_STATUS_", ""))).toEqual([
      "PENDING",
      "PICKING",
      "PACKED",
    ]);
    expect(told.map(({ aggregateVersion }) => Number(aggregateVersion))).toEqual([1, 2, 4]);
    expect(told.at(-1)).toMatchObject({ previousStatus: "FULFILLMENT_STATUS_PICKING" });
  });

  it("packs what somebody else has begun to pick", async () => {
    const orderId = await open();
    const [one] = await fulfillmentsOf(harness, orderId);
    const as = harness.tokens.as("staff");
    await harness.http(`/fulfillments/${one?.id}/start-picking`, { method: "POST", as, body: {} });
    await settle();
    expect(await statuses(orderId)).toEqual(["PACKED"]);
  });

  it("finds one piece less of a product whose SKU says SHORT", async () => {
    const orderId = await open({ sku: "MUG-SHORT", quantity: 3 });
    await settle();
    expect(await fulfillmentsOf(harness, orderId)).toMatchObject([
      { status: "PACKED", lines: [{ quantity: 3, picked: 2, short: 1 }] },
    ]);
  });

  it("sends the rest of a BACKORDER product later, whole", async () => {
    const orderId = await open({ sku: "MUG-BACKORDER", quantity: 3 });
    await settle();
    expect(await fulfillmentsOf(harness, orderId)).toMatchObject([
      { part: 1, status: "PACKED", moreParts: true, lines: [{ quantity: 2 }] },
      { part: 2, status: "PACKED", moreParts: false, lines: [{ quantity: 1, picked: 1 }] },
    ]);
  });

  it("cancels what it finds nothing of", async () => {
    const orderId = await open({ sku: "BACKORDER", quantity: 1 });
    await settle();
    expect(await statuses(orderId)).toEqual(["CANCELLED"]);
  });

  it("does each step once, however many crews there are", async () => {
    await settle();
    const orders = await Promise.all(Array.from({ length: 12 }, () => open()));
    harness.clock.advance(2_000);
    const done = await Promise.all(Array.from({ length: 4 }, () => workOff()()));
    const rest = await workOff()();
    expect(done.reduce((sum, n) => sum + n, rest)).toBe(12);
    for (const orderId of orders) expect(await statuses(orderId)).toEqual(["PACKED"]);
    for (const orderId of orders) {
      const [one] = await fulfillmentsOf(harness, orderId);
      expect(await harness.events(one?.id ?? "")).toHaveLength(3);
    }
  });

  it("passes by what somebody works on, and comes back to it", async () => {
    await settle();
    const orderId = await open();
    harness.clock.advance(2_000);
    const other = await harness.database.pool.connect();
    await other.query("begin");
    await other.query("select 1 from fulfilled_order where order_id = $1 for update", [orderId]);
    expect(await workOff()()).toBe(0);
    await other.query("commit");
    other.release();
    expect(await workOff()()).toBe(1);
  });

  it("leaves nothing half done when it dies in the middle", async () => {
    await settle();
    const orderId = await open();
    harness.clock.advance(2_000);
    const uow = makeFulfillmentUnitOfWork(harness.database, outboxOf());
    const dying = makeWorkOff({
      uow: {
        transact: (work, signal) =>
          uow.transact(async (repositories) => {
            await work(repositories);
            throw new Error("killed");
          }, signal),
      },
      clock: harness.clock,
      newId,
      delayMs: 1_000,
    });
    await expect(dying()).rejects.toThrow("killed");
    expect(await statuses(orderId)).toEqual(["PENDING"]);
    await settle();
    expect(await statuses(orderId)).toEqual(["PACKED"]);
  });

  it("runs as a worker: woken by what this process opens, survives a failing round, stops when told", async () => {
    const started = await startHarness({ CREW_DELAY_MS: "1" }, { startWorkers: true });
    try {
      const event = orderEvent([{ sellerId: newId() }]);
      await started.deliver(OrderConfirmedSchema, event);
      const [one] = await fulfillmentsOf(started, event.orderId);
      expect(one).toBeDefined();
      expect(started.worker.workers?.map(({ name }) => name)).toEqual(["fulfillment.crew"]);
      await started.worker.workers?.[0]?.healthCheck();
    } finally {
      await started[Symbol.asyncDispose]();
    }
    const rounds: number[] = [];
    const { log, lines } = captureLog();
    const crew = createCrew({
      workOff: async () => {
        rounds.push(rounds.length);
        if (rounds.length === 1) throw new Error("the database is away");
        return rounds.length < 4 ? 1 : 0;
      },
      delayMs: 1,
      batchSize: 1,
      log,
      maxPollMs: 5,
    });
    await crew.start(new AbortController().signal);
    await expect.poll(() => rounds.length).toBeGreaterThan(4);
    crew.wake();
    await crew.stop();
    expect(JSON.stringify(lines)).toContain("a round of the crew failed");
  });

  it("does not exist unless it is asked for", () => {
    expect(harness.worker.workers ?? []).toEqual([]);
  });
});

describe("the stale scan", () => {
  it("counts what lies too long, flags what lies far too long, once, until it moves", async () => {
    await settle();
    const lying = await open();
    const [one] = await fulfillmentsOf(harness, lying);
    const scan = () => harness.runJob("fulfillment.stale-scan") as Promise<{ stale: number; flagged: number }>;
    const before = await scan();
    harness.clock.advance(25 * 3_600_000);
    const reported = await scan();
    expect(reported.stale).toBeGreaterThan(before.stale);
    harness.clock.advance(48 * 3_600_000);
    expect((await scan()).flagged).toBeGreaterThan(0);
    expect((await scan()).flagged).toBe(0);
    const as = harness.tokens.as("staff");
    const flagged = await harness.http(`/fulfillments?flagged=true&orderId=${lying}`, { as });
    expect(flagged.json.data.fulfillments).toMatchObject([{ fulfillmentId: one?.id, flagged: true }]);
    await harness.http(`/fulfillments/${one?.id}/start-picking`, { method: "POST", as, body: {} });
    const after = await harness.http(`/fulfillments?flagged=true&orderId=${lying}`, { as });
    expect(after.json.data.fulfillments ?? []).toEqual([]);
  });
});
