import { AppError, newId } from "@tandem/kernel";
import { createMetrics, currentContext, runInContext } from "@tandem/runtime";
import { createSagaEngine, type SagaEngine, type SagaEngineOptions, sagaMigrations } from "@tandem/saga";
import { captureLog, createTestDatabase, manualClock, pollUntil, type TestDatabase } from "@tandem/testkit";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { type Checkout, checkout, checkoutData, type Effect } from "./checkout-model.ts";

let db: TestDatabase;
beforeAll(async () => {
  db = await createTestDatabase({ sets: [sagaMigrations] });
  // Stands for the outbox: what `apply` writes lives and dies with the transition.
  await db.database.query("create table sent (no bigint generated always as identity, saga_id text, effect jsonb)");
});
afterAll(() => db.dispose());

const clock = manualClock();
const captured = captureLog();
let engine: SagaEngine<Checkout>;
let failApply: ((effects: readonly Effect[]) => Error | undefined) | undefined;
const makeEngine = (more: Partial<SagaEngineOptions<Checkout>> = {}) =>
  createSagaEngine<Checkout>({
    saga: checkout,
    database: db.database,
    clock,
    log: captured.log,
    timers: { maxPollMs: 10, leaseMs: 1_000, maxAttempts: 2 },
    apply: async (tx, effects, { saga }) => {
      await tx.client.query("insert into sent (saga_id, effect) select $1, e from jsonb_array_elements($2::jsonb) e", [
        saga.id,
        JSON.stringify(effects),
      ]);
      const error = failApply?.(effects);
      if (error) throw error;
    },
    ...more,
  });
beforeEach(() => {
  failApply = undefined;
  engine = makeEngine();
});

const start = (id: string) => db.database.transact((tx) => engine.start(tx, id, checkoutData(id)));
const handle = (id: string, event: Checkout["event"], eventId = newId()) =>
  db.database.transact((tx) => engine.lockAndHandle(tx, id, event, { id: eventId, source: "test" }));
const sent = async (id: string) =>
  (await db.database.query("select effect->>'kind' as kind from sent where saga_id = $1 order by no", [id])).rows.map(
    (r) => r["kind"],
  );
const timerOf = async (id: string) =>
  (await db.database.query("select version, fire_at, attempts from tandem.saga_timer where id = $1", [id])).rows[0];
const reserved = { type: "stock_reserved", reservationId: "r1" } as const;
const withTimers = async (work: () => Promise<void>, of = engine) => {
  const stop = new AbortController();
  await of.timers.start(stop.signal);
  try {
    await work();
  } finally {
    await of.timers.stop();
  }
};

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
    engine = makeEngine(); // another process
    await handle(id, reserved);
    expect((await engine.getById(id)).position).toBe("delivering");
  });

  test("a transaction that rolls back leaves nothing: no state, no history, no timer, no effect", async () => {
    const id = newId();
    failApply = () => new AppError("unavailable", "test.down", "down");
    await expect(start(id)).rejects.toMatchObject({ code: "test.down" });
    await expect(engine.getById(id)).rejects.toMatchObject({ code: "saga.not_found" });
    failApply = undefined;
    await start(id);
    const before = [await engine.getById(id), await engine.listHistory(id), await timerOf(id), await sent(id)];
    failApply = () => new Error("crash between");
    await expect(handle(id, reserved, "again")).rejects.toThrow("crash between");
    expect([await engine.getById(id), await engine.listHistory(id), await timerOf(id), await sent(id)]).toEqual(before);
    failApply = undefined;
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

describe("timers", () => {
  test("a deadline that passes fires once, in the trace and correlation of the start", async () => {
    const id = newId();
    let seen: string | undefined;
    engine = makeEngine({
      apply: async () => {
        seen = currentContext()?.correlationId;
      },
    });
    await runInContext({ correlationId: "corr-1" }, () => start(id));
    await withTimers(async () => {
      expect((await engine.getById(id)).status).toBe("running");
      seen = undefined;
      clock.advance(30_001);
      await pollUntil(async () => (await engine.getById(id)).status === "compensating");
    });
    expect(seen).toBe("corr-1");
    expect((await engine.listHistory(id))[1]).toMatchObject({ outcome: "timed_out", note: "reserving_stock.timeout" });
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
    const workers = [engine, makeEngine(), makeEngine()];
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
    failApply = () => new AppError("unavailable", "test.down", "down");
    await withTimers(async () => {
      for (let attempt = 1; attempt <= 4; attempt++) {
        await pollUntil(async () => (await timerOf(id))?.["attempts"] === attempt);
        clock.advance(600_001);
      }
      expect((await engine.getById(id)).status).toBe("running");
      failApply = undefined;
      clock.advance(600_001);
      await pollUntil(async () => (await engine.getById(id)).status === "compensating");
    });
  });

  test("a timer that fails permanently parks the saga and says why", async () => {
    const id = newId();
    await start(id);
    clock.advance(30_001);
    failApply = () => new AppError("invalid_argument", "test.impossible", "no");
    await withTimers(async () => {
      await pollUntil(async () => (await engine.getById(id)).status === "parked");
    });
    expect(await engine.getById(id)).toMatchObject({ reason: "timer failed: test.impossible" });
    expect(await timerOf(id)).toBeUndefined();
    expect(captured.lines).toContainEqual(
      expect.objectContaining({ msg: "saga parked: a person must look", sagaId: id }),
    );
  });

  test("a health check fails once the worker no longer gets to its timers", async () => {
    await expect(engine.timers.healthCheck()).resolves.toBeUndefined();
    await withTimers(() => expect(engine.timers.healthCheck()).resolves.toBeUndefined());
  });
});

describe("people", () => {
  const park = async (id: string) => {
    await start(id);
    await handle(id, { type: "cancel_requested" });
    await withTimers(async () => {
      await pollUntil(async () => {
        clock.advance(10_001);
        return (await engine.getById(id)).status === "parked";
      });
    });
    engine = makeEngine();
  };

  test("a compensation that is never confirmed parks the saga; resumed, it tries again and can end", async () => {
    const id = newId();
    await park(id);
    expect(await sent(id)).toEqual(["reserve", "order", "release", "release", "release"]);
    await expect(engine.abort(id, "x", "ada")).rejects.toMatchObject({ code: "saga.not_abortable" });
    const resumed = await engine.resume(id, "ada");
    expect(resumed).toMatchObject({ status: "compensating", progress: { attempt: 1 } });
    expect(await timerOf(id)).toBeDefined();
    expect((await sent(id)).at(-1)).toBe("release");
    await handle(id, { type: "stock_released" });
    expect(await engine.getById(id)).toMatchObject({ status: "compensated", reason: "cancel_requested" });
    await expect(engine.resume(id, "ada")).rejects.toMatchObject({ code: "saga.not_parked" });
  });

  test("a running saga can be turned round by hand", async () => {
    const id = newId();
    await start(id);
    await engine.abort(id, "fraud", "ada");
    expect(await engine.getById(id)).toMatchObject({ status: "compensating", reason: "fraud" });
    expect((await engine.listHistory(id)).slice(1)).toMatchObject([
      { outcome: "aborted", note: "fraud, by ada", from: "reserving_stock", to: "undo reserve_stock" },
      { outcome: "compensating", note: "fraud", to: "undo reserve_stock" },
    ]);
    await expect(engine.abort(newId(), "fraud", "ada")).rejects.toMatchObject({ code: "saga.not_found" });
  });
});

describe("looking at sagas", () => {
  test("pages through them, newest first, without gaps", async () => {
    const ids: string[] = [];
    for (let n = 0; n < 7; n++) {
      clock.advance(n % 2); // some share a start time
      const id = newId();
      ids.unshift(id);
      await start(id);
    }
    const seen: string[] = [];
    let cursor: string | undefined;
    do {
      const page = await engine.list({ status: "running", limit: 3, ...(cursor !== undefined && { cursor }) });
      seen.push(...page.items.map(({ id }) => id));
      cursor = page.nextCursor;
    } while (cursor !== undefined && seen.length < 7);
    expect(seen.slice(0, 7)).toEqual(ids);
    await expect(engine.list({ cursor: "junk" })).rejects.toMatchObject({ code: "page.cursor_invalid" });
  });

  test("stuck: past its deadline, or waiting for nothing", async () => {
    const [fine, overdue, orphan] = [newId(), newId(), newId()];
    await start(overdue);
    await start(orphan);
    clock.advance(30_000 + 60_001);
    await start(fine);
    await db.database.query("delete from tandem.saga_timer where id = $1", [orphan]);
    const stuck = new Map((await engine.listStuck()).map(({ id, why }) => [id, why]));
    expect(stuck.get(overdue)).toBe("overdue");
    expect(stuck.get(orphan)).toBe("no_timer");
    expect(stuck.has(fine)).toBe(false);
  });

  test("figures are counted after commit and gauges read from the tables", async () => {
    const metrics = createMetrics({ service: "test" });
    engine = makeEngine({ metrics });
    const id = newId();
    failApply = () => new Error("no");
    await start(id).catch(() => {});
    failApply = undefined;
    await start(id);
    await handle(id, reserved);
    const text = await metrics.text();
    expect(text).toMatch(/tandem_saga_started_total\{[^}]*\} 1\n/);
    expect(text).toMatch(/tandem_saga_inputs_total\{[^}]*outcome="applied"[^}]*\} 1\n/);
    expect(text).toMatch(/tandem_saga_active\{[^}]*status="running"[^}]*\} [1-9]/);
    expect(text).toMatch(/tandem_saga_stuck\{[^}]*\} [1-9]/);
  });

  test("prune deletes what ended before, with its history, and nothing else", async () => {
    const [ended, running] = [newId(), newId()];
    await start(ended);
    await handle(ended, { type: "stock_rejected" });
    await start(running);
    clock.advance(1);
    expect(await engine.prune(clock.now())).toBeGreaterThan(0);
    await expect(engine.getById(ended)).rejects.toMatchObject({ code: "saga.not_found" });
    expect(await engine.listHistory(ended)).toEqual([]);
    expect((await engine.getById(running)).status).toBe("running");
  });
});

describe("versions", () => {
  test("a saga of an older version is upgraded; one of a newer waits for a replica that knows it", async () => {
    const id = newId();
    await start(id);
    const newer = makeEngine({
      saga: {
        ...checkout,
        version: 2,
        upgrade: ({ state, data }) => ({
          state: state as Checkout["state"],
          data: { ...(data as Checkout["data"]), reservationId: "upgraded" },
        }),
      },
    });
    await db.database.transact((tx) => newer.lockAndHandle(tx, id, { type: "delivered" }, { id: newId() }));
    expect((await newer.getById(id)).data.reservationId).toBe("upgraded");
    await expect(handle(id, reserved)).rejects.toMatchObject({ code: "saga.newer_version", retryable: true });
  });
});

test("no second index competes with the key for looking up one saga, or a fresh database would settle on the wrong plan", async () => {
  const { rows } = await db.database.query<{ table: string; index: string }>(
    `select i.indrelid::regclass::text as table, i.indexrelid::regclass::text as index
     from pg_index i join pg_attribute a on a.attrelid = i.indrelid and a.attnum = i.indkey[0]
     where i.indrelid in ('tandem.saga'::regclass, 'tandem.saga_timer'::regclass) and a.attname in ('name', 'id')`,
  );
  expect(rows.map(({ index }) => index).sort()).toEqual(["tandem.saga_pkey", "tandem.saga_timer_pkey"]);
});
