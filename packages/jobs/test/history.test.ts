import { encodeCursor } from "@tandem/kernel";
import { createMetrics } from "@tandem/runtime";
import { pollUntil } from "@tandem/testkit";
import { afterAll, afterEach, beforeEach, describe, expect, test } from "vitest";
import { makeFixture, makeGate, slot } from "./runner-fixture.ts";

const fixture = await makeFixture();
const { history, makeRunner, runs, stopRunners } = fixture;
beforeEach(() => fixture.nextJob());
afterEach(stopRunners);
afterAll(() => fixture[Symbol.asyncDispose]());

describe("what people see and ask for", () => {
  test("a requested run goes through the same lock into the same history", async () => {
    const gate = makeGate();
    const runner = await makeRunner(gate);
    await runner.trigger(fixture.name, slot(1));
    const asked = await history.requestRun(fixture.name, "ada");
    expect(asked).toMatchObject({ status: "due", cause: "request", requestedBy: "ada" });
    await runner.sweep();
    expect(gate.began).toHaveLength(1); // the lock holds for it too
    gate.open();
    await pollUntil(() => gate.began.length === 2);
    gate.open();
    await runner.idle();
    expect(await history.getRunById(asked.id)).toMatchObject({ status: "succeeded", owner: "worker-0" });
    await expect(history.requestRun("test.nobody", "ada")).rejects.toMatchObject({ code: "job.not_found" });
    await expect(history.getRunById("junk")).rejects.toMatchObject({ code: "job.run_not_found" });
    await expect(history.getRunById("0")).rejects.toMatchObject({ code: "job.run_not_found" });
  });

  test("jobs are listed with next slot and last run, runs page without gaps, old ones can be pruned", async () => {
    const runner = await makeRunner({ description: "Does nothing" });
    for (let n = 1; n <= 12; n++) {
      await runner.trigger(fixture.name, slot(n));
      await runner.idle();
    }
    const info = (await history.listJobs(slot(12))).find((job) => job.name === fixture.name);
    expect(info).toMatchObject({
      description: "Does nothing",
      nextSlot: slot(13),
      runningOn: null,
      lastRun: { scheduledAt: slot(12) },
    });
    expect(info?.lastRun?.durationMs).toBeGreaterThanOrEqual(0);
    const seen: number[] = [];
    let cursor: string | undefined;
    do {
      const page = await history.listRuns({
        job: fixture.name,
        status: "succeeded",
        limit: 5,
        ...(cursor !== undefined && { cursor }),
      });
      seen.push(...page.items.map(({ scheduledAt }) => scheduledAt.getUTCMinutes()));
      cursor = page.nextCursor;
    } while (cursor !== undefined);
    expect(seen).toEqual([12, 11, 10, 9, 8, 7, 6, 5, 4, 3, 2, 1]);
    for (const cursor of ["junk", encodeCursor("job_run:id_desc", ["9223372036854775808"])])
      await expect(history.listRuns({ cursor })).rejects.toMatchObject({ code: "page.cursor_invalid" });
    await history.requestRun(fixture.name, "ada");
    await history.prune(new Date(Date.now() + 1_000));
    expect((await runs()).map(({ status }) => status)).toEqual(["due"]);
  });

  test("figures: runs by status, duration, last success (also of earlier processes)", async () => {
    const first = await makeRunner({});
    await first.trigger(fixture.name, slot(1));
    await first.idle();
    const metrics = createMetrics({ service: "test" });
    const runner = await makeRunner({ run: async () => Promise.reject(new Error("no")) }, "w", { metrics });
    await runner.trigger(fixture.name, slot(2));
    await runner.idle();
    const text = await metrics.text();
    expect(text).toMatch(/tandem_job_runs_total\{[^}]*status="failed"[^}]*\} 1\n/);
    expect(text).toMatch(/tandem_job_duration_seconds_count\{[^}]*\} 1\n/);
    expect(text).toMatch(/tandem_job_last_success_timestamp_seconds\{[^}]*\} 1[\d.]+\n/);
    expect(text).toMatch(/tandem_job_running\{[^}]*\} 0\n/);
  });
});
