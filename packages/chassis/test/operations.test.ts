import { OrderCreatedSchema } from "@tandem/contracts/order";
import { createJobHistory, createJobRunner, defineCronJob } from "@tandem/jobs";
import { newId, systemClock } from "@tandem/kernel";
import { createOutbox, defineConsumer } from "@tandem/messaging";
import { captureLog } from "@tandem/testkit";
import { startTestService, type TestService } from "@tandem/testkit/service";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { apiConfig, migrationSets, workerConfig } from "../src/index.ts";
import { createHistoryKeeper } from "../src/keep-history.ts";
import { operationsServices } from "../src/operations/operations-services.ts";

const { log } = captureLog();
const job = defineCronJob({
  name: "order.sweep",
  schedule: "0 0 * * * *",
  timeoutMs: 5_000,
  run: async () => ({ done: 1 }),
});

let service: TestService;
let operator: { readonly authorization: string };
beforeAll(async () => {
  // A context like any other: here only its operations services are asked.
  service = await startTestService({
    context: "order",
    migrations: migrationSets({ context: "order", dir: import.meta.dirname }),
    api: {
      config: apiConfig,
      compose: ({ database, clock }) => ({
        services: operationsServices({
          context: "order",
          database,
          outbox: createOutbox({ database, source: "order" }),
          clock,
        }),
      }),
    },
    worker: {
      config: workerConfig,
      compose: () => ({
        consumers: [
          defineConsumer({
            name: "order.on-nothing",
            event: OrderCreatedSchema,
            retry: { maxAttempts: 1 },
            handle: async ({ orderId }) => Promise.reject(new Error(`cannot handle ${orderId}`)),
          }),
        ],
      }),
    },
  });
  operator = await service.tokens.as("operator");
  const runner = createJobRunner({ database: service.database, jobs: [job], owner: "w", log, clock: service.clock });
  await runner.start(new AbortController().signal);
  await runner.stop();
});
afterAll(() => service[Symbol.asyncDispose]());

const get = async (path: string) => (await service.http(`/ops/v1${path}`, { as: operator })).json.data;
const post = (path: string, body: object) => service.http(`/ops/v1${path}`, { method: "POST", as: operator, body });
const told = async () => {
  const { rows } = await service.database.query<{ data: string }>(
    "select data from tandem.outbox_event where topic = 'audit.recorded' order by seq",
  );
  return rows.map(({ data }) => JSON.parse(data) as Record<string, string>);
};
const die = (orderId = newId()) =>
  service.deliver(OrderCreatedSchema, { orderId, aggregateVersion: 1n, occurredAt: { seconds: 1n, nanos: 0 } });

describe("the operations services", () => {
  it("find dead letters by text, event, cause and time, and group them by cause", async () => {
    const [one, other] = [newId(), newId()];
    await die(one);
    await die(other);
    const { groups } = await get("/dead-letter-groups");
    expect(groups).toMatchObject([{ consumer: "order.on-nothing", open: "2" }]);
    expect((await get(`/dead-letters?fingerprint=${groups[0].fingerprint}`)).deadLetters).toHaveLength(2);
    const [found] = (await get(`/dead-letters?text=${one.toUpperCase()}`)).deadLetters;
    expect(found).toMatchObject({ subject: one, fingerprint: groups[0].fingerprint });
    expect((await get(`/dead-letters?eventId=${found.eventId}`)).deadLetters).toHaveLength(1);
    expect((await get("/dead-letters?before=2020-01-01T00:00:00Z")).deadLetters ?? []).toHaveLength(0);
    expect((await get("/dead-letters?text=%25")).deadLetters ?? []).toHaveLength(0);
  });

  it("tell who replayed and discarded which dead letter, and nothing of what was refused", async () => {
    const ids = (await get("/dead-letters")).deadLetters.map((letter: { deadLetterId: string }) => letter.deadLetterId);
    await post("/dead-letters/replay", { deadLetterIds: [ids[0], newId()] });
    await post("/dead-letters/discard", { deadLetterIds: [ids[1]], note: "known" });
    await post("/dead-letters/discard", { deadLetterIds: [ids[1]], note: "again" });
    const entries = await told();
    expect(entries).toMatchObject([
      { action: "dead-letter.replay", target: ids[0], context: "order", targetKind: "dead-letter" },
      { action: "dead-letter.discard", target: ids[1], details: '{"note":"known"}' },
    ]);
    expect(entries[0]?.["actor"]).toMatch(/^[0-9a-f-]{36}$/);
  });

  it("run and backfill jobs, and tell who asked for it", async () => {
    const before = (await told()).length;
    expect((await post("/jobs/order.sweep/run", {})).json.data).toMatchObject({ manual: true });
    const range = { from: "2026-11-21T05:00:00Z", to: "2026-11-21T09:30:00Z" };
    const { json } = await post("/jobs/order.sweep/backfill", range);
    expect(json.data.runs.map((run: { scheduledAt: string }) => run.scheduledAt.slice(11, 13))).toEqual([
      "05",
      "06",
      "07",
      "08",
      "09",
    ]);
    expect((await post("/jobs/order.sweep/backfill", range)).json.data.runs ?? []).toEqual([]);
    expect((await told()).slice(before)).toMatchObject([
      { action: "job.run", target: "order.sweep" },
      { action: "job.backfill", target: "order.sweep" },
    ]);
  });

  it("refuse backfills that make no sense, and others than operators, and change nothing", async () => {
    const before = await service.fingerprint();
    const range = { from: "2026-11-21T05:00:00Z", to: "2026-11-21T09:30:00Z" };
    for (const body of [
      {},
      { ...range, maxSlots: 2 },
      { ...range, maxSlots: -1 },
      { ...range, to: "2030-01-01T00:00:00Z" },
      { from: range.to, to: range.from },
    ])
      expect((await post("/jobs/order.sweep/backfill", body)).status, JSON.stringify(body)).toBe(400);
    expect((await post("/jobs/order.nothing/backfill", range)).json.error).toBe("job.not_found");
    expect((await post("/jobs/order.nothing/run", {})).json.error).toBe("job.not_found");
    const as = await service.tokens.as("staff");
    expect((await service.http("/ops/v1/jobs/order.sweep/backfill", { method: "POST", as, body: range })).status).toBe(
      403,
    );
    expect(await service.fingerprint()).toEqual(before);
  });
});

describe("the history of jobs", () => {
  it("loses what is older than it is kept, and nothing that waits", async () => {
    const history = createJobHistory(service.database);
    await service.database.query(
      `insert into tandem.job_run (job, scheduled_at, cause, status, created_at, finished_at)
       select 'order.sweep', now() - n * interval '1 day', 'schedule', 'succeeded', now(), now() - n * interval '1 day'
       from generate_series(1, 40) as n`,
    );
    const waiting = (await history.listRuns({ job: "order.sweep", status: "due" })).items.length;
    const keeper = createHistoryKeeper({
      database: service.database,
      clock: systemClock,
      log,
      retainMs: 30 * 86_400_000 + 60_000,
    });
    expect(await keeper.round()).toBe(10);
    expect((await history.listRuns({ job: "order.sweep", status: "due" })).items).toHaveLength(waiting);
    await keeper.start(new AbortController().signal);
    await keeper.healthCheck();
    await keeper.stop();
  });
});
