import { AppError, newId } from "@tandem/kernel";
import { afterAll, beforeEach, describe, expect, test } from "vitest";
import type { Checkout } from "./checkout-model.ts";
import { makeFixture, reserved } from "./engine-fixture.ts";

const fixture = await makeFixture();
const { clock, engine, failApply, handle, makeEngine, sent, start, timerOf } = fixture;
afterAll(() => fixture[Symbol.asyncDispose]());
beforeEach(() => failApply(undefined));

describe("transitions", () => {
  test("a saga runs to its end; data, history, timer and effects tell the same story", async () => {
    const id = newId();
    expect(await start(id)).toEqual({ started: true });
    expect(await timerOf(id)).toMatchObject({ version: 1, fire_at: new Date(clock.now().getTime() + 30_000) });
    await handle(id, reserved, "event-1");
    await handle(id, { type: "payment_authorized" });
    await handle(id, { type: "delivered" });
    const last = await handle(id, { type: "payment_captured" });
    expect(last).toMatchObject({ outcome: "applied", saga: { status: "completed" } });
    expect(await engine.getById(id)).toMatchObject({
      status: "completed",
      position: "completed",
      data: { total: 12_345n, reservationId: "r1", paid: true, delivered: true },
      endedAt: clock.now(),
    });
    expect(await timerOf(id)).toBeUndefined();
    expect(await sent(id)).toEqual(["reserve", "authorize", "order", "ship", "capture", "order"]);
    const history = await engine.listHistory(id);
    expect(history.map(({ outcome, eventType, from, to }) => [outcome, eventType, from, to])).toEqual([
      ["started", null, null, "reserving_stock"],
      ["applied", "stock_reserved", "reserving_stock", "authorizing_payment"],
      ["applied", "payment_authorized", "authorizing_payment", "delivering"],
      ["applied", "delivered", "delivering", "delivering"],
      ["applied", "payment_captured", "delivering", "completed"],
    ]);
    expect(history[1]).toMatchObject({ eventId: "event-1", source: "test" });
  });

  test("starting the same saga again changes nothing and sends nothing", async () => {
    const id = newId();
    await start(id);
    await handle(id, reserved);
    expect(await start(id)).toEqual({ started: false });
    expect(await sent(id)).toEqual(["reserve", "authorize"]);
    expect((await engine.getById(id)).position).toBe("authorizing_payment");
    expect(await engine.listHistory(id)).toHaveLength(2);
  });

  test("unknown, late and repeated events are recorded and are no errors", async () => {
    const id = newId();
    expect(await handle(id, reserved)).toEqual({ outcome: "unknown" });
    await start(id);
    await handle(id, reserved, "e1");
    expect((await handle(id, reserved, "e1")).outcome).toBe("duplicate");
    expect((await handle(id, { type: "stock_rejected" })).outcome).toBe("ignored");
    expect((await handle(id, { type: "delivered" })).outcome).toBe("kept");
    expect((await engine.listHistory(id)).map(({ outcome }) => outcome)).toEqual([
      "unknown",
      "started",
      "applied",
      "duplicate",
      "ignored",
      "kept",
    ]);
    expect(await sent(id)).toEqual(["reserve", "authorize"]);
  });

  test("an early event survives in the database until its state comes, bigints and all", async () => {
    const id = newId();
    await start(id);
    await handle(id, { type: "payment_authorized" });
    await handle(id, reserved, newId(), makeEngine()); // another process
    expect((await engine.getById(id)).position).toBe("delivering");
  });

  test("a transaction that rolls back leaves nothing: no state, no history, no timer, no effect", async () => {
    const id = newId();
    failApply(new AppError("unavailable", "test.down", "down"));
    await expect(start(id)).rejects.toMatchObject({ code: "test.down" });
    await expect(engine.getById(id)).rejects.toMatchObject({ code: "saga.not_found" });
    failApply(undefined);
    await start(id);
    const before = [await engine.getById(id), await engine.listHistory(id), await timerOf(id), await sent(id)];
    failApply(new Error("crash between"));
    await expect(handle(id, reserved, "again")).rejects.toThrow("crash between");
    expect([await engine.getById(id), await engine.listHistory(id), await timerOf(id), await sent(id)]).toEqual(before);
    failApply(undefined);
    expect((await handle(id, reserved, "again")).outcome).toBe("applied");
  });

  test("events of one saga take turns: each sees what the one before left", async () => {
    const id = newId();
    await start(id);
    await handle(id, reserved);
    await handle(id, { type: "payment_authorized" });
    const events: Checkout["event"][] = [{ type: "delivered" }, { type: "payment_captured" }];
    const results = await Promise.all([...events, ...events, ...events].map((event) => handle(id, event)));
    expect(results.filter(({ saga }) => saga?.status === "completed").length).toBeGreaterThan(0);
    expect((await engine.getById(id)).status).toBe("completed");
    expect((await sent(id)).filter((kind) => kind === "order")).toHaveLength(2);
  });

  test("the same event delivered to several replicas at once counts once", async () => {
    const id = newId();
    await start(id);
    const results = await Promise.all(Array.from({ length: 8 }, () => handle(id, reserved, "same")));
    expect(results.filter(({ outcome }) => outcome === "applied")).toHaveLength(1);
    expect(await sent(id)).toEqual(["reserve", "authorize"]);
  });
});
