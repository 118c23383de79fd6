import { InMemorySpanExporter } from "@opentelemetry/sdk-trace";
import { AppError, newId } from "@tandem/kernel";
import { createTelemetry, currentContext, runInContext } from "@tandem/runtime";
import { pollUntil } from "@tandem/testkit";
import { afterAll, beforeEach, describe, expect, test, vi } from "vitest";
import { makeFixture, reserved } from "./engine-fixture.ts";

const fixture = await makeFixture();
const { clock, db, engine, failApply, handle, lines, makeEngine, sent, start, timerOf, withTimers } = fixture;
afterAll(() => fixture[Symbol.asyncDispose]());
beforeEach(() => failApply(undefined));

describe("timers", () => {
  test("a deadline that passes fires once, in the trace and correlation of the start", async () => {
    const id = newId();
    let seen: string | undefined;
    const noting = makeEngine({
      apply: async () => {
        seen = currentContext()?.correlationId;
      },
    });
    await runInContext({ correlationId: "corr-1" }, () => start(id, noting));
    await withTimers(async () => {
      expect((await engine.getById(id)).status).toBe("running");
      seen = undefined;
      clock.advance(30_001);
      await pollUntil(async () => (await engine.getById(id)).status === "compensating");
    }, noting);
    expect(seen).toBe("corr-1");
    expect((await engine.listHistory(id))[1]).toMatchObject({ outcome: "timed_out", note: "reserving_stock.timeout" });
  });

  test("a timer that fires is a span in the trace of the start", async () => {
    const exporter = new InMemorySpanExporter();
    await using telemetry = createTelemetry({ service: "test", exporter });
    const traced = makeEngine({ tracer: telemetry.tracer });
    const id = newId();
    await telemetry.inSpan("request", {}, () => start(id, traced));
    clock.advance(30_001);
    await withTimers(async () => {
      await pollUntil(async () => (await engine.getById(id)).status === "compensating");
    }, traced);
    const spans = exporter.getFinishedSpans();
    const request = spans.find(({ name }) => name === "request");
    const timers = spans.filter(({ name }) => name === "saga order.checkout timer");
    expect(timers.map(({ parentSpanContext }) => parentSpanContext?.spanId)).toContain(request?.spanContext().spanId);
  });

  test("a timer claimed just before an event is a no-op after it", async () => {
    const id = newId();
    await start(id);
    clock.advance(30_001);
    // Claimed (as a worker does), then overtaken by the event.
    await db.database.query(
      "update tandem.saga_timer set fire_at = now() + interval '1 hour', attempts = 1 where id = $1",
      [id],
    );
    await handle(id, reserved);
    const timer = await timerOf(id);
    expect(timer).toMatchObject({ version: 2, attempts: 0, fire_at: new Date(clock.now().getTime() + 60_000) });
    await db.database.query(
      "insert into tandem.saga_timer (name, id, version, fire_at) values ('order.checkout', $1, 1, $2) on conflict (name, id) do update set version = 1, fire_at = $2",
      [id, clock.now()],
    );
    await withTimers(async () => {
      await pollUntil(async () => (await timerOf(id))?.["attempts"] === 1);
    });
    expect((await engine.getById(id)).position).toBe("authorizing_payment");
    expect(await engine.listHistory(id)).toHaveLength(2);
  });

  test("several workers fire each timer once", async () => {
    const ids = Array.from({ length: 30 }, () => newId());
    for (const id of ids) await start(id);
    clock.advance(30_001);
    const workers = [makeEngine(), makeEngine(), makeEngine()];
    const stop = new AbortController();
    await Promise.all(workers.map(({ timers }) => timers.start(stop.signal)));
    await pollUntil(async () => {
      const states = await Promise.all(ids.map(async (id) => (await engine.getById(id)).status));
      return states.every((status) => status === "compensating");
    });
    await Promise.all(workers.map(({ timers }) => timers.stop()));
    for (const id of ids) {
      expect((await engine.listHistory(id)).filter(({ outcome }) => outcome === "timed_out")).toHaveLength(1);
      expect(await sent(id)).toEqual(["reserve", "order", "release"]);
    }
  });

  test("a timer that fails transiently stays due and fires when the trouble is over", async () => {
    const id = newId();
    await start(id);
    clock.advance(30_001);
    failApply(new AppError("unavailable", "test.down", "down"));
    await withTimers(async () => {
      for (let attempt = 1; attempt <= 4; attempt++) {
        await pollUntil(async () => (await timerOf(id))?.["attempts"] === attempt);
        clock.advance(600_001);
      }
      expect((await engine.getById(id)).status).toBe("running");
      failApply(undefined);
      clock.advance(600_001);
      await pollUntil(async () => (await engine.getById(id)).status === "compensating");
    });
  });

  test("a timer that fails permanently parks the saga and says why", async () => {
    const id = newId();
    await start(id);
    clock.advance(30_001);
    failApply(new AppError("invalid_argument", "test.impossible", "no"));
    await withTimers(async () => {
      await pollUntil(async () => (await engine.getById(id)).status === "parked");
    });
    expect(await engine.getById(id)).toMatchObject({ reason: "timer failed: test.impossible" });
    expect(await timerOf(id)).toBeUndefined();
    expect(lines).toContainEqual(expect.objectContaining({ msg: "saga parked: a person must look", sagaId: id }));
  });

  test("the worker is healthy until it no longer gets to its timers", async () => {
    const worker = makeEngine();
    await expect(worker.timers.healthCheck()).resolves.toBeUndefined();
    await withTimers(async () => {
      await expect(worker.timers.healthCheck()).resolves.toBeUndefined();
      const later = performance.now() + 60_000;
      const watch = vi.spyOn(performance, "now").mockReturnValue(later);
      const checked = worker.timers.healthCheck();
      watch.mockRestore();
      await expect(checked).rejects.toThrow("saga-timers:order.checkout has not got to its timers");
    }, worker);
  });
});
