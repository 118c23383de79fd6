import { createJobRunner, defineCronJob } from "@tandem/jobs";
import { afterAll, afterEach, beforeEach, describe, expect, test } from "vitest";
import { makeFixture, makeGate, slot } from "./runner-fixture.ts";

const fixture = await makeFixture();
const { clock, db, log, makeRunner, outcome, runs, stopRunners } = fixture;
beforeEach(() => fixture.nextJob());
afterEach(stopRunners);
afterAll(() => fixture[Symbol.asyncDispose]());

describe("how a run ends", () => {
  test("an error is recorded with its message and the job goes on with the next slot", async () => {
    const runner = await makeRunner({ run: async () => Promise.reject(new Error("no luck")) });
    await runner.trigger(fixture.name, slot(1));
    await runner.idle();
    expect(await runs()).toMatchObject([{ status: "failed", error: "Error: no luck", owner: "worker-0" }]);
    await runner.trigger(fixture.name, slot(2));
    await runner.idle();
    expect(await runs()).toHaveLength(2);
    expect((await runs())[1]?.status).not.toBe("due");
  });

  test("a run beyond its time is told to stop and recorded as timed out", async () => {
    const gate = makeGate();
    const runner = await makeRunner({ ...gate, timeoutMs: 1_000 });
    await runner.trigger(fixture.name, slot(1));
    await runner.idle();
    expect(gate.began[0]?.signal.reason).toMatchObject({ code: "job.timeout" });
    expect(await runs()).toMatchObject([{ status: "timed_out", note: null }]);
  });

  test("a run that ignores its signal is given up, said so, and the job is free again", async () => {
    const runner = await makeRunner({ run: () => new Promise(() => {}), timeoutMs: 1_000 }, "w", { abortGraceMs: 20 });
    await runner.trigger(fixture.name, slot(1));
    await runner.idle();
    expect(await runs()).toMatchObject([{ status: "timed_out", note: "did not stop when told to" }]);
    await runner.trigger(fixture.name, slot(2));
    await runner.idle();
    expect(await runs()).toHaveLength(2);
    expect((await runs())[1]?.status).not.toBe("due");
  });

  test("shut down beyond the drain, a run is handed over at once to another replica", async () => {
    const gate = makeGate();
    const job = defineCronJob({ name: fixture.name, schedule: "0 * * * * *", timeoutMs: 30_000, run: gate.run });
    const kill = new AbortController();
    const dying = createJobRunner({
      database: db.database,
      jobs: [job],
      owner: "dying",
      clock,
      log,
      maxPollMs: 600_000,
    });
    await dying.start(kill.signal);
    await dying.trigger(fixture.name, slot(1));
    const stopped = dying.stop();
    kill.abort();
    await stopped;
    expect(await outcome()).toEqual([
      [1, "abandoned", 1],
      [1, "due", 2],
    ]);
    const other = await makeRunner({ run: async ({ attempt, cause }) => ({ attempt, cause }) });
    await other.sweep();
    await other.idle();
    expect((await runs())[1]).toMatchObject({
      status: "succeeded",
      attempt: 2,
      summary: { attempt: 2, cause: "abandoned" },
    });
  });

  test("a worker that was told to go takes no further slot", async () => {
    const kill = new AbortController();
    const runner = await makeRunner({}, "leaving", {}, kill.signal);
    kill.abort();
    expect(await runner.trigger(fixture.name, slot(1))).toMatchObject({ first: false });
    expect(await outcome()).toEqual([]);
  });
});
