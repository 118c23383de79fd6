import { encodeCursor, newId } from "@tandem/kernel";
import { createMetrics } from "@tandem/runtime";
import { pollUntil } from "@tandem/testkit";
import { afterAll, beforeEach, describe, expect, test } from "vitest";
import { type Checkout, checkout } from "./checkout-model.ts";
import { makeFixture, reserved } from "./engine-fixture.ts";

const fixture = await makeFixture();
const { clock, db, engine, failApply, handle, makeEngine, sent, start, timerOf, withTimers } = fixture;
afterAll(() => fixture[Symbol.asyncDispose]());
beforeEach(() => failApply(undefined));

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
    for (const forged of ["junk", encodeCursor("saga:order.checkout", ["2026-02-30T00:00:00Z", "x"])])
      await expect(engine.list({ cursor: forged })).rejects.toMatchObject({ code: "page.cursor_invalid" });
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

  test("a saga that lost its timer gets it back; the others keep theirs", async () => {
    const [fine, orphan] = [newId(), newId()];
    await start(fine);
    await start(orphan);
    await handle(orphan, reserved);
    await engine.rearm();
    const before = await timerOf(orphan);
    await db.database.query("delete from tandem.saga_timer where id = $1", [orphan]);
    expect(await engine.rearm()).toBe(1);
    expect(await timerOf(orphan)).toEqual(before);
    expect(await engine.rearm()).toBe(0);
  });

  test("figures are counted after commit and gauges read from the tables", async () => {
    const metrics = createMetrics({ service: "test" });
    const counted = makeEngine({ metrics });
    const id = newId();
    failApply(new Error("no"));
    await start(id, counted).catch(() => {});
    failApply(undefined);
    await start(id, counted);
    await handle(id, reserved, newId(), counted);
    let text = "";
    await withTimers(async () => {
      text = await metrics.text();
    }, counted);
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
    await handle(id, { type: "delivered" }, newId(), newer);
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
