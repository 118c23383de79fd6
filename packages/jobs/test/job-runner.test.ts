import {
  type CronJobSpec,
  createJobHistory,
  createJobRunner,
  defineCronJob,
  type JobContext,
  type JobRunner,
  jobsMigrations,
} from "@tandem/jobs";
import { createMetrics } from "@tandem/runtime";
import { captureLog, createTestDatabase, manualClock, pollUntil, type TestDatabase } from "@tandem/testkit";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";

let db: TestDatabase;
beforeAll(async () => {
  db = await createTestDatabase({ sets: [jobsMigrations] });
});
afterAll(() => db.dispose());

const clock = manualClock();
const captured = captureLog();
const history = () => createJobHistory(db.database);
const runners: JobRunner[] = [];
let seq = 0;
let name: string;
beforeEach(() => {
  name = `test.job-${++seq}`;
});
afterEach(async () => {
  for (const runner of runners.splice(0)) await runner.stop();
});

const slot = (minute: number) => new Date(Date.UTC(2026, 0, 1, 10, minute));
/** Registers the job without polling, so that the test decides when to look. */
const makeRunner = async (spec: Partial<CronJobSpec>, owner = `worker-${runners.length}`, more = {}) => {
  const job = defineCronJob({ name, schedule: "0 * * * * *", timeoutMs: 30_000, run: async () => undefined, ...spec });
  const runner = createJobRunner({
    database: db.database,
    jobs: [job],
    owner,
    clock,
    log: captured.log,
    maxPollMs: 600_000,
    ...more,
  });
  await runner.start(new AbortController().signal);
  runners.push(runner);
  return runner;
};
const runs = async () => (await history().listRuns({ job: name })).items.toReversed();
const outcome = async () =>
  (await runs()).map(({ scheduledAt, status, attempt }) => [scheduledAt.getUTCMinutes(), status, attempt]);
/** A job that waits for the test, and notes what it saw. */
const makeGate = () => {
  const began: JobContext[] = [];
  let open = Promise.withResolvers<void>();
  return {
    began,
    run: async (context: JobContext) => {
      began.push(context);
      const aborted = new Promise<never>((_, reject) => {
        context.signal.addEventListener("abort", () => reject(context.signal.reason), { once: true });
      });
      await Promise.race([open.promise, aborted]);
      return { done: 1 };
    },
    open: () => {
      open.resolve();
      open = Promise.withResolvers();
    },
  };
};
beforeEach(() => clock.set(slot(0)));

describe("one slot, one run", () => {
  test("twenty triggers over three replicas make one run", async () => {
    const gate = makeGate();
    const three = await Promise.all([makeRunner(gate), makeRunner(gate), makeRunner(gate)]);
    clock.set(slot(5));
    const firedAt = new Date(slot(5).getTime() + 120);
    const answers = await Promise.all(Array.from({ length: 20 }, (_, n) => three[n % 3]?.trigger(name, firedAt)));
    expect(answers.filter((answer) => answer?.first)).toHaveLength(1);
    expect(answers.every((answer) => answer?.slot?.getTime() === slot(5).getTime())).toBe(true);
    gate.open();
    await Promise.all(three.map((runner) => runner.idle()));
    await Promise.all(three.map((runner) => runner.trigger(name, firedAt))); // and again afterwards
    expect(gate.began).toHaveLength(1);
    expect(await runs()).toMatchObject([
      { scheduledAt: slot(5), status: "succeeded", cause: "schedule", summary: { done: 1 }, attempt: 1 },
    ]);
  });

  test("a slot that comes while a run is going waits for its end, and the token grows", async () => {
    const gate = makeGate();
    const [one, two] = [await makeRunner(gate), await makeRunner(gate)];
    await one.trigger(name, slot(1));
    await two.trigger(name, slot(2));
    expect(await outcome()).toEqual([
      [1, "running", 1],
      [2, "due", 1],
    ]);
    gate.open();
    await pollUntil(() => gate.began.length === 2);
    gate.open();
    await Promise.all([one.idle(), two.idle()]);
    expect(await outcome()).toEqual([
      [1, "succeeded", 1],
      [2, "succeeded", 1],
    ]);
    const [first, second] = gate.began;
    expect(second?.token).toBeGreaterThan(first?.token ?? 0n);
  });

  test("replicas that look for work at once do not run it twice", async () => {
    const gate = makeGate();
    const three = await Promise.all([makeRunner(gate), makeRunner(gate), makeRunner(gate)]);
    for (let n = 0; n < 10; n++) await history().requestRun(name, "ada");
    const stop = pollUntil(async () => {
      gate.open();
      await Promise.all(three.map((runner) => runner.sweep()));
      return (await runs()).every(({ status }) => status === "succeeded");
    });
    await stop;
    expect(gate.began).toHaveLength(10);
    expect(new Set(gate.began.map(({ token }) => token)).size).toBe(10);
  });

  test("an unknown job is refused", async () => {
    const runner = await makeRunner({});
    await expect(runner.trigger("test.nobody", slot(1))).rejects.toMatchObject({ code: "job.not_found" });
  });

  test("the bindings are named for Dapr and trigger their job", async () => {
    const runner = await makeRunner({});
    await runner.bindings[`cron-${name.replace(".", "-")}`]?.(slot(3));
    await runner.idle();
    expect(await outcome()).toEqual([[3, "succeeded", 1]]);
  });
});

describe("how a run ends", () => {
  test("an error is recorded with its message and the job goes on with the next slot", async () => {
    const runner = await makeRunner({ run: async () => Promise.reject(new Error("no luck")) });
    await runner.trigger(name, slot(1));
    await runner.idle();
    expect(await runs()).toMatchObject([{ status: "failed", error: "Error: no luck", owner: "worker-0" }]);
    await runner.trigger(name, slot(2));
    await runner.idle();
    expect(await runs()).toHaveLength(2);
    expect((await runs())[1]?.status).not.toBe("due");
  });

  test("a run beyond its time is told to stop and recorded as timed out", async () => {
    const gate = makeGate();
    const runner = await makeRunner({ ...gate, timeoutMs: 1_000 });
    await runner.trigger(name, slot(1));
    await runner.idle();
    expect(gate.began[0]?.signal.reason).toMatchObject({ code: "job.timeout" });
    expect(await runs()).toMatchObject([{ status: "timed_out", note: null }]);
  });

  test("a run that ignores its signal is given up, said so, and the job is free again", async () => {
    const runner = await makeRunner({ run: () => new Promise(() => {}), timeoutMs: 1_000 }, "w", { abortGraceMs: 20 });
    await runner.trigger(name, slot(1));
    await runner.idle();
    expect(await runs()).toMatchObject([{ status: "timed_out", note: "did not stop when told to" }]);
    await runner.trigger(name, slot(2));
    await runner.idle();
    expect(await runs()).toHaveLength(2);
    expect((await runs())[1]?.status).not.toBe("due");
  });

  test("shut down beyond the drain, a run is handed over at once to another replica", async () => {
    const gate = makeGate();
    const job = defineCronJob({ name, schedule: "0 * * * * *", timeoutMs: 30_000, run: gate.run });
    const kill = new AbortController();
    const dying = createJobRunner({
      database: db.database,
      jobs: [job],
      owner: "dying",
      clock,
      log: captured.log,
      maxPollMs: 600_000,
    });
    await dying.start(kill.signal);
    await dying.trigger(name, slot(1));
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
});

describe("the lease", () => {
  test("is renewed for as long as the run lasts", async () => {
    const gate = makeGate();
    const [one, two] = [await makeRunner({ ...gate, leaseMs: 300 }), await makeRunner({ ...gate, leaseMs: 300 })];
    await one.trigger(name, slot(1));
    const { rows } = await db.database.query<{ until: Date }>(
      "select lease_until as until from tandem.job where name = $1",
      [name],
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
    await runner.trigger(name, slot(1));
    await db.database.query(
      "update tandem.job set token = token + 1, owner = 'thief', lease_until = now() + interval '1 h' where name = $1",
      [name],
    );
    await runner.idle();
    expect(gate.began[0]?.signal.reason).toMatchObject({ code: "lease.lost" });
    expect(await runs()).toMatchObject([{ status: "running", summary: null }]);
    expect(await metrics.text()).toMatch(/tandem_job_fenced_total\{[^}]*\} 1\n/);
    const { rows } = await db.database.query("select owner from tandem.job where name = $1", [name]);
    expect(rows).toEqual([{ owner: "thief" }]);
  });

  test("run out unnoticed: the end is refused although nobody has taken over yet, and the run is made again", async () => {
    const gate = makeGate();
    const runner = await makeRunner({ ...gate, leaseMs: 60_000 });
    await runner.trigger(name, slot(1));
    await db.database.query("update tandem.job set lease_until = clock_timestamp() where name = $1", [name]);
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

  test("an abandoned run is left alone where the job says so, and not repeated without end", async () => {
    const never = { run: () => new Promise<undefined>(() => {}), leaseMs: 60_000 };
    const expire = () =>
      db.database.query("update tandem.job set lease_until = clock_timestamp() where name = $1", [name]);
    const leaving = await makeRunner({ ...never, abandoned: "leave" }, "a", { abortGraceMs: 0 });
    await leaving.trigger(name, slot(1));
    await expire();
    await leaving.sweep();
    expect(await outcome()).toEqual([[1, "abandoned", 1]]);
    name = `${name}b`;
    for (const attempt of [1, 2, 3]) {
      const zombie = await makeRunner({ ...never, maxAttempts: 3 }, `z${attempt}`, { abortGraceMs: 0 });
      if (attempt === 1) await zombie.trigger(name, slot(1));
      await pollUntil(async () => (await runs()).some((run) => run.status === "running" && run.attempt === attempt));
      await expire();
      await zombie.sweep();
    }
    expect(await outcome()).toEqual([
      [1, "abandoned", 1],
      [1, "abandoned", 2],
      [1, "abandoned", 3],
    ]);
    runners.splice(0); // their runs never end
  });
});

describe("missed slots", () => {
  const goAway = async (spec: Partial<CronJobSpec>) => {
    const before = await makeRunner(spec);
    await before.trigger(name, slot(0));
    await before.idle();
    await before.stop();
    clock.set(new Date(slot(4).getTime() + 20_000)); // 1 to 4 pass without a worker
    const runner = await makeRunner(spec);
    for (let n = 0; n < 6; n++) {
      await runner.sweep();
      await runner.idle();
    }
    return runner;
  };

  test("skip: they are recorded and not run", async () => {
    await goAway({ missed: "skip" });
    expect(await outcome()).toEqual([
      [0, "succeeded", 1],
      [1, "skipped", 1],
      [2, "skipped", 1],
      [3, "skipped", 1],
      [4, "skipped", 1],
    ]);
  });

  test("run-once: one run stands for all", async () => {
    await goAway({ missed: "run-once" });
    const done = await runs();
    expect(
      done
        .filter(({ status }) => status === "succeeded")
        .map(({ scheduledAt, cause }) => [scheduledAt.getUTCMinutes(), cause]),
    ).toEqual([
      [0, "schedule"],
      [4, "missed"],
    ]);
    expect(done.filter(({ status }) => status === "skipped")).toHaveLength(3);
  });

  test("run-all: each runs, oldest first, up to the bound", async () => {
    const ran: number[] = [];
    await goAway({
      missed: "run-all",
      maxMissedRuns: 3,
      run: async ({ scheduledAt }) => void ran.push(scheduledAt.getUTCMinutes()) as undefined,
    });
    expect(ran).toEqual([0, 2, 3, 4]);
  });

  test("a binding that never fires is noticed by the sweep, and looked at once only", async () => {
    const metrics = createMetrics({ service: "test" });
    const runner = await makeRunner({ missedAfterMs: 10_000 }, "w", { metrics });
    clock.set(new Date(slot(1).getTime() + 9_000));
    await runner.sweep();
    expect(await outcome()).toEqual([]);
    clock.set(new Date(slot(1).getTime() + 10_000));
    for (let n = 0; n < 3; n++) await runner.sweep();
    await runner.idle();
    expect(await outcome()).toEqual([[1, "succeeded", 1]]);
    expect(await metrics.text()).toMatch(/tandem_job_missed_total\{[^}]*\} 1\n/);
  });

  test("a new job owes nothing for the time before it was registered, nor does a changed schedule", async () => {
    const runner = await makeRunner({});
    clock.advance(5_000);
    await runner.sweep();
    expect(await outcome()).toEqual([]);
    clock.set(slot(30));
    const changed = await makeRunner({ schedule: "0 */5 * * * *" });
    await changed.sweep();
    expect(await outcome()).toEqual([]);
  });
});

describe("what people see and ask for", () => {
  test("a requested run goes through the same lock into the same history", async () => {
    const gate = makeGate();
    const runner = await makeRunner(gate);
    await runner.trigger(name, slot(1));
    const asked = await history().requestRun(name, "ada");
    expect(asked).toMatchObject({ status: "due", cause: "request", requestedBy: "ada" });
    await runner.sweep();
    expect(gate.began).toHaveLength(1); // the lock holds for it too
    gate.open();
    await pollUntil(() => gate.began.length === 2);
    gate.open();
    await runner.idle();
    expect(await history().getRunById(asked.id)).toMatchObject({ status: "succeeded", owner: "worker-0" });
    await expect(history().requestRun("test.nobody", "ada")).rejects.toMatchObject({ code: "job.not_found" });
    await expect(history().getRunById("0")).rejects.toMatchObject({ code: "job.run_not_found" });
  });

  test("jobs are listed with next slot and last run, runs page without gaps, old ones can be pruned", async () => {
    const runner = await makeRunner({ description: "Does nothing" });
    for (let n = 1; n <= 5; n++) {
      await runner.trigger(name, slot(n));
      await runner.idle();
    }
    const info = (await history().listJobs(slot(5))).find((job) => job.name === name);
    expect(info).toMatchObject({
      description: "Does nothing",
      nextSlot: slot(6),
      runningOn: null,
      lastRun: { scheduledAt: slot(5) },
    });
    expect(info?.lastRun?.durationMs).toBeGreaterThanOrEqual(0);
    const seen: number[] = [];
    let cursor: string | undefined;
    do {
      const page = await history().listRuns({
        job: name,
        status: "succeeded",
        limit: 2,
        ...(cursor !== undefined && { cursor }),
      });
      seen.push(...page.items.map(({ scheduledAt }) => scheduledAt.getUTCMinutes()));
      cursor = page.nextCursor;
    } while (cursor !== undefined);
    expect(seen).toEqual([5, 4, 3, 2, 1]);
    await expect(history().listRuns({ cursor: "junk" })).rejects.toMatchObject({ code: "page.cursor_invalid" });
    await history().requestRun(name, "ada");
    await history().prune(new Date(Date.now() + 1_000));
    expect((await runs()).map(({ status }) => status)).toEqual(["due"]);
  });

  test("figures: runs by status, duration, last success (also of earlier processes)", async () => {
    const first = await makeRunner({});
    await first.trigger(name, slot(1));
    await first.idle();
    const metrics = createMetrics({ service: "test" });
    const runner = await makeRunner({ run: async () => Promise.reject(new Error("no")) }, "w", { metrics });
    await runner.trigger(name, slot(2));
    await runner.idle();
    const text = await metrics.text();
    expect(text).toMatch(/tandem_job_runs_total\{[^}]*status="failed"[^}]*\} 1\n/);
    expect(text).toMatch(/tandem_job_duration_seconds_count\{[^}]*\} 1\n/);
    expect(text).toMatch(/tandem_job_last_success_timestamp_seconds\{[^}]*\} 1[\d.]+\n/);
    expect(text).toMatch(/tandem_job_running\{[^}]*\} 0\n/);
  });
});
