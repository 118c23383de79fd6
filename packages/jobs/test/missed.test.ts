import type { CronJobSpec } from "@tandem/jobs";
import { createMetrics } from "@tandem/runtime";
import { afterAll, afterEach, beforeEach, describe, expect, test } from "vitest";
import { makeFixture, slot } from "./runner-fixture.ts";

const fixture = await makeFixture();
const { clock, makeRunner, outcome, runs, stopRunners } = fixture;
beforeEach(() => fixture.nextJob());
afterEach(stopRunners);
afterAll(() => fixture[Symbol.asyncDispose]());

describe("missed slots", () => {
  const goAway = async (spec: Partial<CronJobSpec>) => {
    const before = await makeRunner(spec);
    await before.trigger(fixture.name, slot(0));
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

  test("a worker that finds at its start what was missed says when, though its counter has never been scraped at 0", async () => {
    const before = await makeRunner({ missed: "run-once" });
    await before.stop();
    clock.set(new Date(slot(4).getTime() + 20_000));
    const metrics = createMetrics({ service: "test" });
    const finder = await makeRunner({ missed: "run-once" }, "finder", { metrics });
    await finder.idle();
    const at = async (of: typeof metrics) =>
      Number(/tandem_job_last_missed_timestamp_seconds\{[^}]*\} (\S+)\n/.exec(await of.text())?.[1]);
    expect(await at(metrics)).toBe(clock.now().getTime() / 1_000);
    // And the next process, which missed nothing itself, knows it from the history.
    await finder.stop();
    const later = createMetrics({ service: "test" });
    await makeRunner({ missed: "run-once" }, "later", { metrics: later });
    expect(await at(later)).toBeGreaterThan(0);
  });

  test("a job that never missed a slot shows it, and its counters begin at 0 for increase() to see the first", async () => {
    const metrics = createMetrics({ service: "test" });
    await makeRunner({}, "w", { metrics });
    const text = await metrics.text();
    expect(text).toMatch(/tandem_job_last_missed_timestamp_seconds\{[^}]*\} 0\n/);
    expect(text).toMatch(/tandem_job_missed_total\{[^}]*\} 0\n/);
    for (const status of ["succeeded", "failed", "timed_out", "abandoned"]) {
      expect(text).toMatch(new RegExp(`tandem_job_runs_total\\{[^}]*status="${status}"[^}]*\\} 0\n`));
    }
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
