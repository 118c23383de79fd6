import { setTimeout as sleep } from "node:timers/promises";
import type { MessageInitShape } from "@bufbuild/protobuf";
import { timestampFromDate } from "@bufbuild/protobuf/wkt";
import { createClient, createRouterTransport } from "@connectrpc/connect";
import { type DeadLetterSchema, DeadLetterService, JobService } from "@tandem/contracts/common";
import { PlatformOperationsService } from "@tandem/contracts/common-operations";
import { AppError } from "@tandem/kernel";
import { registerService } from "@tandem/rpc";
import { startTestService } from "@tandem/testkit/service";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { makeCreateTask } from "../src/biz/manage-task.ts";
import { commonOperationsApiConfig, commonOperationsWorkerConfig } from "../src/config/config.ts";
import { csvTables } from "../src/data/csv/tables.ts";
import { makeFileReader } from "../src/data/file-store.ts";
import { makeOperationsUnitOfWork } from "../src/data/unit-of-work.ts";
import { migrations } from "../src/migrate.ts";
import { makePlatformOperationsHandlers } from "../src/service/platform-operations-handlers.ts";
import { composeWorker } from "../src/worker/compose-worker.ts";
import type { Harness } from "./harness.ts";

const deadAt = (minute: number) => timestampFromDate(new Date(Date.UTC(2026, 10, 21, 9, minute)));
type Letter = MessageInitShape<typeof DeadLetterSchema>;

const asked: { readonly context: string; readonly rpc: string; readonly ids?: readonly string[] }[] = [];

/** A context's operations services over what a test gives it. */
const fakeContext = (context: string, letters: Letter[], trouble?: () => Promise<never>) => {
  const transport = createRouterTransport(({ service }) => {
    service(DeadLetterService, {
      listDeadLetters: async ({ page, text }) => {
        await trouble?.();
        const found = letters.filter(({ subject = "" }) => subject.includes(text));
        return {
          deadLetters: found.slice(0, page?.limit),
          page: { nextCursor: found.length > (page?.limit ?? 0) ? "x" : "" },
        };
      },
      groupDeadLetters: async () => {
        await trouble?.();
        const groups = Map.groupBy(letters, ({ fingerprint = "" }) => fingerprint);
        return {
          groups: [...groups].map(([fingerprint, all]) => ({ fingerprint, consumer: "c", open: BigInt(all.length) })),
        };
      },
      replayDeadLetters: async ({ deadLetterIds }) => {
        await trouble?.();
        asked.push({ context, rpc: "replay", ids: deadLetterIds });
        const known = (id: string) => letters.some(({ deadLetterId }) => deadLetterId === id);
        return {
          results: deadLetterIds.map((id) => ({
            deadLetterId: id,
            ...(known(id) ? {} : { error: { slug: "dead_letter.not_found" } }),
          })),
        };
      },
      discardDeadLetters: async ({ deadLetterIds }) => ({ results: deadLetterIds.map((id) => ({ deadLetterId: id })) }),
    });
    service(JobService, {
      listJobs: async () => {
        await trouble?.();
        return { jobs: [{ job: `${context}.sweep` }] };
      },
      listRuns: async ({ job }) => ({ runs: [{ job, runId: "1" }] }),
      runNow: async ({ job }) => {
        await trouble?.();
        asked.push({ context, rpc: `run ${job}` });
        return { run: { job, runId: "7", manual: true } };
      },
      backfill: async ({ job, maxSlots }) => ({ runs: Array.from({ length: maxSlots }, () => ({ job })) }),
    });
  });
  return { deadLetters: createClient(DeadLetterService, transport), jobs: createClient(JobService, transport) };
};

const letterOf = (id: string, minute: number, over: Letter = {}): Letter => ({
  deadLetterId: id,
  deadAt: deadAt(minute),
  fingerprint: "f1",
  subject: `order-${id}`,
  ...over,
});
const contexts = new Map([
  ["order", fakeContext("order", [letterOf("o3", 3), letterOf("o1", 1, { fingerprint: "f2" })])],
  ["payment", fakeContext("payment", [letterOf("p2", 2)])],
  [
    "search",
    fakeContext("search", [letterOf("s9", 9)], () => sleep(5_000).then(() => Promise.reject(new Error("late")))),
  ],
  ["auth", fakeContext("auth", [], async () => Promise.reject(new AppError("unavailable", "rpc.unavailable", "down")))],
]);

let operations: Harness;
let operator: { readonly authorization: string };
beforeAll(async () => {
  operations = await startTestService({
    context: "common-operations",
    migrations,
    api: {
      config: commonOperationsApiConfig,
      compose: ({ database, outbox, clock }) => ({
        services: [
          registerService(
            PlatformOperationsService,
            makePlatformOperationsHandlers({
              contexts,
              createTask: makeCreateTask({
                uow: makeOperationsUnitOfWork(database, outbox),
                files: makeFileReader(database),
                tables: csvTables,
                clock,
                newId: () => crypto.randomUUID(),
              }),
              asking: { concurrency: 2, deadlineMs: 200 },
            }),
          ),
        ],
      }),
    },
    worker: { config: commonOperationsWorkerConfig, compose: composeWorker },
  });
  operator = await operations.tokens.as("operator");
});
afterAll(() => operations[Symbol.asyncDispose]());

const get = async (path: string) => (await operations.http(path, { as: operator })).json.data;
const post = (path: string, body: object = {}, as = operator) => operations.http(path, { method: "POST", as, body });
const silent = [{ context: "search", error: { slug: "operations.context_silent" } }, { context: "auth" }];

describe("dead letters of all contexts", () => {
  it("are one list, newest first; who did not answer is named", async () => {
    const found = await get("/operations/dead-letters");
    expect(
      found.deadLetters.map((one: { deadLetter: { deadLetterId: string } }) => one.deadLetter.deadLetterId),
    ).toEqual(["o3", "p2", "o1"]);
    expect(found.silent).toMatchObject(silent);
    const narrowed = await get("/operations/dead-letters?contexts=order&contexts=payment&text=o3");
    expect(narrowed).toMatchObject({ deadLetters: [{ context: "order" }] });
    expect(narrowed.silent ?? []).toEqual([]);
    expect(await get("/operations/dead-letters?limit=1&contexts=order")).toMatchObject({ more: true });
  });

  it("are grouped by cause, most frequent first", async () => {
    const { groups } = await get("/operations/dead-letter-groups");
    expect(
      groups
        .map((one: { context: string; group: { fingerprint: string } }) => `${one.context} ${one.group.fingerprint}`)
        .sort(),
    ).toEqual(["order f1", "order f2", "payment f1"]);
  });

  it("are replayed where they are, each with its own outcome", async () => {
    const refs = [
      { context: "payment", deadLetterId: "p2" },
      { context: "order", deadLetterId: "nope" },
      { context: "auth", deadLetterId: "a" },
      { context: "order", deadLetterId: "o3" },
    ];
    const { json } = await post("/operations/dead-letters/replay", { deadLetters: refs });
    expect(json.data.results).toMatchObject([
      { deadLetterId: "p2" },
      { deadLetterId: "nope", error: { slug: "dead_letter.not_found" } },
      { context: "auth", error: { slug: "operations.context_silent" } },
      { deadLetterId: "o3" },
    ]);
    expect(json.data.summary).toEqual({ succeeded: 2, failed: 2 });
    expect(asked.filter(({ rpc }) => rpc === "replay").map(({ ids }) => ids)).toContainEqual(["nope", "o3"]);
    const discarded = await post("/operations/dead-letters/discard", { deadLetters: refs.slice(0, 1), note: "known" });
    expect(discarded.json.data.summary).toMatchObject({ succeeded: 1 });
  });

  it("of a group are replayed by a task; a dry run only counts", async () => {
    const before = await operations.fingerprint();
    expect((await post("/operations/dead-letter-groups/f1/replay", { dryRun: true })).json.data).toMatchObject({
      matching: "2",
      silent,
    });
    expect((await post("/operations/dead-letter-groups/all/replay", { dryRun: true })).json.data.matching).toBe("3");
    expect(await operations.fingerprint()).toEqual(before);
    const { json } = await post("/operations/dead-letter-groups/f1/replay", { maxPerSecond: 5 });
    expect(json.data.task).toMatchObject({
      kind: "replay-dead-letters",
      parameters: '{"fingerprint":"f1","maxPerSecond":5}',
    });
    expect(await operations.topics(json.data.task.taskId)).toEqual([]);
  });
});

describe("jobs of all contexts", () => {
  it("are one list", async () => {
    const found = await get("/operations/jobs");
    expect(found.jobs.map(({ job }: { job: { job: string } }) => job.job)).toEqual(["order.sweep", "payment.sweep"]);
    expect(found.silent).toMatchObject(silent);
  });

  it("are run and backfilled where they are", async () => {
    expect((await post("/operations/jobs/order.sweep/run")).json.data).toMatchObject({ runId: "7", manual: true });
    expect(await get("/operations/jobs/order.sweep/runs")).toMatchObject({ runs: [{ runId: "1" }] });
    const range = { from: "2026-11-21T00:00:00Z", to: "2026-11-21T01:00:00Z", maxSlots: 3 };
    expect((await post("/operations/jobs/order.sweep/backfill", range)).json.data.runs).toHaveLength(3);
    expect(await post("/operations/jobs/auth.sweep/run")).toMatchObject({
      status: 503,
      json: { error: "operations.context_silent" },
    });
    expect(await post("/operations/jobs/nobody.sweep/run")).toMatchObject({
      status: 400,
      json: { error: "operations.context_unknown" },
    });
  });
});

describe("the operators' questions", () => {
  it("are for operators", async () => {
    const staff = await operations.tokens.as("staff");
    expect((await operations.http("/operations/dead-letters", { as: staff })).status).toBe(403);
    expect((await operations.http("/operations/jobs")).status).toBe(401);
    expect((await post("/operations/jobs/order.sweep/run", {}, await operations.tokens.customer())).status).toBe(403);
  });

  it("that make no sense are answered and change nothing", async () => {
    const before = await operations.fingerprint();
    for (const path of [
      "dead-letters?contexts=nobody",
      "dead-letters?limit=201",
      "dead-letters?status=9",
      "dead-letters?x=1",
    ])
      expect((await operations.http(`/operations/${path}`, { as: operator })).status, path).toBe(400);
    expect((await post("/operations/dead-letters/replay", { deadLetters: [] })).status).toBe(400);
    expect(
      (await post("/operations/dead-letters/replay", { deadLetters: [{ context: "no", deadLetterId: "x" }] })).status,
    ).toBe(400);
    expect((await post("/operations/dead-letter-groups/F!/replay")).status).toBe(400);
    expect((await post("/operations/jobs/junk/run")).status).toBe(400);
    expect((await post("/operations/jobs/order.sweep/backfill", {})).status).toBe(400);
    expect(await operations.fingerprint()).toEqual(before);
  });
});
