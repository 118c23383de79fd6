import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createTestDatabase } from "@tandem/testkit";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { BinaryPlan } from "../src/platform-plan.ts";
import { repositoryRoot } from "../src/state-dir.ts";
import { openWorkerThread, type WorkersToStart } from "../src/up/open-worker-thread.ts";

let dir = "";
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), "tandem-thread-"));
});
afterEach(() => rm(dir, { recursive: true, force: true }));

const workers = (databaseUrl: string, plans: readonly BinaryPlan[] = []): WorkersToStart => ({
  sidecars: { databaseUrl, componentsDir: join(repositoryRoot, "components/local"), apps: [] },
  plans,
  logFiles: {},
  sidecarLogFile: join(dir, "tandem.log"),
});

describe("the thread of the workers", () => {
  it("starts what it is given, and ends when it is told to, twice as well as once", async () => {
    await using database = await createTestDatabase();
    const thread = openWorkerThread([]);
    const running = await thread.start(workers(database.url));
    await Promise.all([running.stop(), running.stop()]);
    await expect(Promise.race([running.failed, Promise.resolve("goes on")])).resolves.toBe("goes on");
  });

  it("says why a worker does not start", async () => {
    await using database = await createTestDatabase();
    await using thread = openWorkerThread([]);
    const plan: BinaryPlan = { appId: "order-worker", context: "order", kind: "worker", env: {}, ports: {} };
    await expect(thread.start(workers(database.url, [plan]))).rejects.toThrow(/DATABASE_URL/);
  });

  it("says why its sidecars do not start", async () => {
    await using thread = openWorkerThread([]);
    await expect(thread.start(workers("postgres://nobody@127.0.0.1:1/nowhere"))).rejects.toThrow(/ECONNREFUSED/);
  });

  it("that dies of an error says so, and can be stopped all the same", async () => {
    const thread = openWorkerThread(1 as never);
    await expect(thread.start(workers("postgres://nobody@127.0.0.1:1/nowhere"))).rejects.toThrow(/iterable/);
    await expect(thread[Symbol.asyncDispose]()).resolves.toBeUndefined();
  });

  it("ends without having started anything", async () => {
    const thread = openWorkerThread(["order"]);
    await expect(thread[Symbol.asyncDispose]()).resolves.toBeUndefined();
  });
});
