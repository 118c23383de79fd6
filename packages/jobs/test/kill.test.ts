import { spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { createJobHistory, createJobRunner, defineCronJob, jobsMigrations } from "@tandem/jobs";
import { captureLog, createTestDatabase, manualClock, pollUntil } from "@tandem/testkit";
import { expect, test } from "vitest";

test("kill -9 in the middle of a run: it is found abandoned, shown, and made again by another replica with a higher token", async () => {
  await using db = await createTestDatabase({ sets: [jobsMigrations] });
  const firedAt = new Date("2026-01-01T10:05:00Z");
  const name = "test.killed";
  const victim = spawn(
    process.execPath,
    [join(import.meta.dirname, "abandoned-worker.ts"), db.url, name, firedAt.toISOString()],
    {
      stdio: ["ignore", "pipe", "inherit"],
    },
  );
  const [chunk] = await once(victim.stdout, "data");
  const firstToken = BigInt(String(chunk).trim().split(" ")[1] ?? "0");
  const history = createJobHistory(db.database);
  expect((await history.listRuns()).items).toMatchObject([{ status: "running", owner: "victim" }]);
  victim.kill("SIGKILL");
  await once(victim, "exit");

  const tokens: bigint[] = [];
  const runner = createJobRunner({
    database: db.database,
    jobs: [
      defineCronJob({
        name,
        schedule: "0 * * * * *",
        timeoutMs: 60_000,
        leaseMs: 600,
        run: async ({ token, scheduledAt, attempt }) => {
          tokens.push(token);
          return { scheduledAt: scheduledAt.toISOString(), attempt };
        },
      }),
    ],
    owner: "survivor",
    clock: manualClock(firedAt),
    log: captureLog().log,
    maxPollMs: 20,
  });
  await runner.start(new AbortController().signal);
  await pollUntil(() => tokens.length > 0);
  await runner.stop();
  expect((await history.listRuns()).items).toMatchObject([
    { status: "succeeded", owner: "survivor", attempt: 2, cause: "abandoned", scheduledAt: firedAt },
    { status: "abandoned", owner: "victim", attempt: 1, error: "the worker stopped renewing its lease" },
  ]);
  expect(tokens).toHaveLength(1);
  expect(tokens[0]).toBeGreaterThan(firstToken);
});
