import type { JobContext } from "@tandem/jobs";
import { createMetrics } from "@tandem/runtime";
import { pollUntil } from "@tandem/testkit";
import { afterAll, afterEach, beforeEach, describe, expect, test } from "vitest";
import { makeFixture, makeGate, slot } from "./runner-fixture.ts";

const fixture = await makeFixture();
const { db, expireLease, forgetRunners, makeRunner, outcome, runs, stopRunners } = fixture;
beforeEach(() => fixture.nextJob());
afterEach(stopRunners);
afterAll(() => fixture[Symbol.asyncDispose]());

describe("the lease", () => {
  test("is renewed for as long as the run lasts", async () => {
    const gate = makeGate();
    const [one, two] = [await makeRunner({ ...gate, leaseMs: 300 }), await makeRunner({ ...gate, leaseMs: 300 })];
    await one.trigger(fixture.name, slot(1));
    const { rows } = await db.database.query<{ until: Date }>(
      "select lease_until as until from tandem.job where name = $1",
      [fixture.name],
    );
    await pollUntil(async () => {
      const now = await db.database.query<{ later: boolean }>(
        "select clock_timestamp() > $1::timestamptz + interval '300 ms' as later",
        [rows[0]?.until],
      );
      return now.rows[0]?.later;
    });
    await two.sweep();
    expect(await outcome()).toEqual([[1, "running", 1]]);
    gate.open();
    await one.idle();
    expect(await outcome()).toEqual([[1, "succeeded", 1]]);
  });

  test("lost to somebody else: the signal aborts, and the end of the stale run is refused", async () => {
    const gate = makeGate();
    const ignoring = {
      run: async (context: JobContext) => {
        await gate.run(context).catch(() => {});
        return { wrote: true };
      },
    };
    const metrics = createMetrics({ service: "test" });
    const runner = await makeRunner({ ...ignoring, leaseMs: 300 }, "stale", { metrics });
    await runner.trigger(fixture.name, slot(1));
    await db.database.query(
      "update tandem.job set token = token + 1, owner = 'thief', lease_until = now() + interval '1 h' where name = $1",
      [fixture.name],
    );
    await runner.idle();
    expect(gate.began[0]?.signal.reason).toMatchObject({ code: "lease.lost" });
    expect(await runs()).toMatchObject([{ status: "running", summary: null }]);
    expect(await metrics.text()).toMatch(/tandem_job_fenced_total\{[^}]*\} 1\n/);
    const { rows } = await db.database.query("select owner from tandem.job where name = $1", [fixture.name]);
    expect(rows).toEqual([{ owner: "thief" }]);
  });

  test("run out unnoticed: the end is refused although nobody has taken over yet, and the run is made again", async () => {
    const gate = makeGate();
    const runner = await makeRunner({ ...gate, leaseMs: 60_000 });
    await runner.trigger(fixture.name, slot(1));
    await expireLease();
    gate.open();
    await runner.idle();
    expect(await outcome()).toEqual([[1, "running", 1]]);
    await runner.sweep();
    await pollUntil(() => gate.began.length === 2);
    gate.open();
    await runner.idle();
    expect(await outcome()).toEqual([
      [1, "abandoned", 1],
      [1, "succeeded", 2],
    ]);
  });

  test("a dead run is marked abandoned before the next one begins", async () => {
    const gate = makeGate();
    const [dead, alive] = [
      await makeRunner({ ...gate, leaseMs: 60_000 }),
      await makeRunner({ ...gate, leaseMs: 60_000 }),
    ];
    await dead.trigger(fixture.name, slot(1));
    await expireLease();
    await alive.trigger(fixture.name, slot(2));
    expect(await outcome()).toEqual([
      [1, "running", 1],
      [2, "due", 1],
    ]);
    await alive.sweep();
    await pollUntil(() => gate.began.length === 2);
    expect((await outcome())[0]).toEqual([1, "abandoned", 1]);
    await pollUntil(async () => {
      gate.open();
      return gate.began.length === 3;
    });
    gate.open();
    await Promise.all([dead.idle(), alive.idle()]);
    expect(gate.began.map(({ attempt, scheduledAt }) => [scheduledAt.getUTCMinutes(), attempt])).toEqual([
      [1, 1],
      [1, 2],
      [2, 1],
    ]);
  });

  test("an abandoned run is left alone where the job says so", async () => {
    const never = { run: () => new Promise<undefined>(() => {}), leaseMs: 60_000 };
    const leaving = await makeRunner({ ...never, abandoned: "leave" }, "a", { abortGraceMs: 0 });
    await leaving.trigger(fixture.name, slot(1));
    await expireLease();
    await leaving.sweep();
    expect(await outcome()).toEqual([[1, "abandoned", 1]]);
    forgetRunners(); // their runs never end
  });

  test("an abandoned run is not repeated without end", async () => {
    const never = { run: () => new Promise<undefined>(() => {}), leaseMs: 60_000 };
    for (const attempt of [1, 2, 3]) {
      const zombie = await makeRunner({ ...never, maxAttempts: 3 }, `z${attempt}`, { abortGraceMs: 0 });
      if (attempt === 1) await zombie.trigger(fixture.name, slot(1));
      await pollUntil(async () => (await runs()).some((run) => run.status === "running" && run.attempt === attempt));
      await expireLease();
      await zombie.sweep();
    }
    expect(await outcome()).toEqual([
      [1, "abandoned", 1],
      [1, "abandoned", 2],
      [1, "abandoned", 3],
    ]);
    forgetRunners();
  });
});
