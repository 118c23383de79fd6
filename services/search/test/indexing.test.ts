import { newId } from "@tandem/kernel";
import { createMetrics } from "@tandem/runtime";
import { captureLog, createTestDatabase, pollUntil, type TestDatabase } from "@tandem/testkit";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import type { EngineWrite, SearchEngine } from "../src/biz/ports.ts";
import { dropRetired, makeEnsureIndex, makeRunReindex, makeStartReindex } from "../src/biz/reindex.ts";
import { makeSearch } from "../src/biz/search.ts";
import { makeSyncIndex } from "../src/biz/sync-index.ts";
import { createPostgresEngine } from "../src/client/postgres/postgres-engine.ts";
import { makeDocumentReader } from "../src/data/document-reader.ts";
import { makeDocumentWriter } from "../src/data/document-writer.ts";
import { makeIndexRegistry } from "../src/data/index-registry.ts";
import { makeReindexStore } from "../src/data/reindex-store.ts";
import { makeFailedOperationReader, makeTaskQueue } from "../src/data/task-queue.ts";
import { migrations } from "../src/migrate.ts";
import { emptyBase } from "../src/model/document.ts";
import { engineUnavailable } from "../src/model/errors.ts";
import { createIndexWorker } from "../src/worker/index-worker.ts";

let test: TestDatabase;
beforeAll(async () => {
  test = await createTestDatabase({ sets: migrations });
});
afterAll(() => test.dispose());

/** What happens to writes on their way to the engine. */
let onWrite: (writes: readonly EngineWrite[]) => Promise<void> | void = () => {};
let refused: (key: string) => string | undefined = () => undefined;

const compose = () => {
  const { database } = test;
  const real = createPostgresEngine({ database, aliasTtlMs: 0 });
  const engine: SearchEngine = {
    ...real,
    async write(index, writes, signal) {
      await onWrite(writes);
      const outcomes = await real.write(
        index,
        writes.filter(({ key }) => !refused(key)),
        signal,
      );
      let at = 0;
      return writes.map(({ key }) => {
        const reason = refused(key);
        if (reason) return { kind: "refused", reason };
        at += 1;
        return outcomes[at - 1] ?? { kind: "done" };
      });
    },
  };
  const documents = makeDocumentReader(database);
  const queue = makeTaskQueue(database);
  const registry = makeIndexRegistry(database, "postgres");
  const reindexes = makeReindexStore({ database, engine: "postgres", newId, nameOf: (id) => `search-${id}` });
  const runs = (leaseMs = 60_000, batchSize = 10) =>
    makeRunReindex({ engine, documents, queue, registry, reindexes, batchSize, leaseMs });
  const writer = makeDocumentWriter(database);
  const ensureIndex = makeEnsureIndex({ engine, registry, documents, reindexes, firstIndex: `search-${newId()}` });
  return {
    engine,
    documents,
    queue,
    registry,
    reindexes,
    runs,
    ensureIndex,
    start: makeStartReindex({ documents, reindexes }),
    sync: makeSyncIndex({ engine, queue, registry }),
    failed: makeFailedOperationReader(database),
    put: (id: string, title: string, version = 1n) =>
      writer.applyParts([
        {
          type: "PRODUCT",
          id,
          part: { part: "BASE", version, deleted: title === "", content: { ...emptyBase, title } },
        },
      ]),
    titles: async (q: string) => {
      const input = { q, audience: ["public"], facets: [], highlight: false, page: { limit: 200 } };
      const filters = {
        types: [],
        categoryIds: [],
        sellerIds: [],
        currency: "EUR",
        inStockOnly: false,
        attributes: {},
      };
      return (await makeSearch({ engine })({ ...input, filters })).hits.map(({ source }) => source.title).sort();
    },
  };
};

let it_: ReturnType<typeof compose>;
const drain = async () => {
  while ((await it_.sync(100, 60_000)).claimed > 0);
};
const signal = () => AbortSignal.timeout(30_000);
const someTitles = (count: number, word: string) =>
  Array.from({ length: count }, (_, n) => `${word} ${String(n).padStart(3, "0")}`);

beforeEach(async () => {
  onWrite = () => {};
  refused = () => undefined;
  await test.database.query(
    "truncate document, document_part, index_task, reindex_run, search_index, pg_engine_alias, pg_engine_word, erased_customer",
  );
  it_ = compose();
  await it_.ensureIndex();
});

describe("a change", () => {
  it("is told to the engine once its transaction is committed, and only the newest state of it", async () => {
    const id = newId();
    for (let version = 1n; version <= 3n; version += 1n) await it_.put(id, `lamp ${version}`, version);
    expect(await it_.sync(100, 60_000)).toMatchObject({ claimed: 1, indexed: 1 });
    expect(await it_.titles("lamp")).toEqual(["lamp 3"]);
  });

  it("that comes while its document is being told is told as well", async () => {
    const id = newId();
    await it_.put(id, "lamp 1");
    onWrite = async () => {
      onWrite = () => {};
      await it_.put(id, "lamp 2", 2n);
    };
    await it_.sync(100, 60_000);
    expect((await it_.queue.stats()).open).toBe(1);
    await drain();
    expect(await it_.titles("lamp")).toEqual(["lamp 2"]);
  });

  it("is not lost when the worker dies in the middle: its lease runs out", async () => {
    await it_.put(newId(), "lamp");
    expect((await it_.queue.claim(10, 1, "postgres")).tasks).toHaveLength(1);
    await pollUntil(async () => (await it_.sync(10, 60_000)).claimed === 1, {
      timeoutMs: 5_000,
      message: "the lease to end",
    });
    expect(await it_.titles("lamp")).toEqual(["lamp"]);
  });

  it("waits for an engine that is away, without its tries being counted", async () => {
    await it_.put(newId(), "lamp");
    onWrite = () => {
      throw engineUnavailable(new Error("down"));
    };
    for (let round = 0; round < 20; round += 1)
      await expect(it_.sync(10, 60_000)).rejects.toMatchObject({ code: "search.engine_unavailable" });
    expect(await it_.queue.stats()).toMatchObject({ open: 1, parked: 0 });
    onWrite = () => {};
    await drain();
    expect(await it_.titles("lamp")).toEqual(["lamp"]);
  });
});

describe("what the engine will not take", () => {
  it("is parked with the reason, keeps nobody else out, and comes back by its job, by hand, or with the next change", async () => {
    const [bad, good] = [newId(), newId()];
    refused = (key) => (key.includes(bad) ? "mapper_parsing_exception" : undefined);
    await it_.put(bad, "lamp bad");
    await it_.put(good, "lamp good");
    await drain();
    expect(await it_.titles("lamp")).toEqual(["lamp good"]);
    const { items } = await it_.failed.list({ limit: 0 });
    expect(items).toMatchObject([{ id: bad, reason: "mapper_parsing_exception", rounds: 1 }]);

    expect(await it_.queue.reopenDue(10)).toBe(0);
    expect(await it_.queue.reopen("PRODUCT", good)).toBe(false);
    expect(await it_.queue.reopen("PRODUCT", bad)).toBe(true);
    await drain();
    const [again] = (await it_.failed.list({ limit: 0 })).items;
    expect(again?.rounds).toBe(2);
    expect(again && again.retryAt.getTime() - again.parkedAt.getTime()).toBeGreaterThan(9 * 60_000);

    await test.database.query("update index_task set due_at = now() where status = 'PARKED'");
    expect(await it_.queue.reopenDue(10)).toBe(1);
    refused = () => undefined;
    await drain();
    expect(await it_.titles("lamp")).toEqual(["lamp bad", "lamp good"]);
    expect(await it_.queue.stats()).toMatchObject({ open: 0, parked: 0 });
  });

  it("is found by Postgres itself, one by one, when a statement of many fails", async () => {
    const id = newId();
    await it_.put(id, "lamp");
    await it_.put(newId(), "lamp too");
    // What its index cannot hold: a token longer than a page of GIN.
    await test.database.query(
      `update document_part set content = jsonb_set(content, '{attributes}', jsonb_build_object('k', (select string_agg(md5(n::text), '') from generate_series(1, 3000) n))) where id = $1`,
      [id],
    );
    await drain();
    expect(await it_.titles("lamp")).toEqual(["lamp too"]);
    expect((await it_.failed.list({ limit: 0 })).items).toMatchObject([{ id }]);
  });
});

describe("a reindex", () => {
  it("loses nothing of what changes while it runs, and searches never see less", async () => {
    const ids = new Map(someTitles(60, "desk").map((title) => [title, newId()]));
    for (const [title, id] of ids) await it_.put(id, title);
    await drain();
    const before = await it_.engine.aliasTarget();
    const run = await it_.start();
    await expect(it_.start()).rejects.toMatchObject({ code: "search.reindex_running" });

    let running = true;
    const entries = [...ids];
    const writer = (async () => {
      let version = 2n;
      for (let n = 0; running || n < 30; n += 1) {
        const [title = "", id = ""] = entries[(n * 7) % 60] ?? [];
        await it_.put(id, n % 5 === 0 ? "" : `${title} edited ${version}`, version);
        await it_.put(newId(), `desk new ${n}`);
        version += 1n;
        await it_.sync(5, 60_000);
      }
    })();
    let least = Number.POSITIVE_INFINITY;
    const reader = (async () => {
      while (running) least = Math.min(least, (await it_.titles("desk")).length);
    })();
    onWrite = () => new Promise((resolve) => setTimeout(resolve, 2));
    expect(await it_.runs()(signal())).toBe("succeeded");
    running = false;
    await Promise.all([writer, reader]);
    onWrite = () => {};
    await drain();

    const after = await it_.engine.aliasTarget();
    expect(after).not.toBe(before);
    expect(least).toBeGreaterThan(30);
    const { rows } = await test.database.query<{ title: string }>(
      "select content ->> 'title' as title from document_part where not deleted order by 1",
    );
    const { rows: found } = await test.database.query<{ title: string; version: string; expected: string }>(
      `select i.source ->> 'title' as title, i.version, d.version as expected from "${after}" i
       join document d on d.id = i.document_id where not i.deleted order by 1`,
    );
    expect(found.map(({ title }) => title)).toEqual(rows.map(({ title }) => title));
    expect(found.filter(({ version, expected }) => version !== expected)).toEqual([]);
    expect(await it_.reindexes.getById(run.id)).toMatchObject({ status: "SUCCEEDED", total: 60, failed: 0 });
    expect(await it_.registry.targets()).toMatchObject([{ name: after, state: "LIVE" }]);
    await expect(test.database.query(`select 1 from "${before}"`)).rejects.toMatchObject({ code: "42P01" });
  }, 60_000);

  it("is announced once its index is there: cancelled before that, it leaves neither an index nor a word of it", async () => {
    await it_.put(newId(), "desk");
    await drain();
    const { id, indexName } = await it_.start();
    const { engine, documents, queue, registry, reindexes } = it_;
    const targets: number[] = [];
    const cancelling: SearchEngine = {
      ...engine,
      async createIndex(index, given) {
        await engine.createIndex(index, given);
        targets.push((await registry.targets()).length);
        await reindexes.cancel(id);
      },
    };
    const run = makeRunReindex({
      engine: cancelling,
      documents,
      queue,
      registry,
      reindexes,
      batchSize: 10,
      leaseMs: 60_000,
    });
    expect(await run(signal())).toBe("lost");
    expect(targets).toEqual([1]);
    await expect(test.database.query(`select 1 from "${indexName}"`)).rejects.toMatchObject({ code: "42P01" });
    await dropRetired(engine, registry);
    expect((await registry.list({ limit: 0 })).items).toMatchObject([{ state: "LIVE" }]);
  });

  it("goes on where it was when its worker is killed, and the dead one's late writes count for nothing", async () => {
    for (const title of someTitles(35, "desk")) await it_.put(newId(), title);
    await drain();
    const { id } = await it_.start();
    let batches = 0;
    // Killed in its third batch: nothing of it runs any more, its lease stays.
    onWrite = () => (++batches === 3 ? new Promise<void>(() => {}) : undefined);
    void it_.runs(300)(signal());
    await pollUntil(() => batches === 3, { timeoutMs: 5_000, message: "the third batch" });
    expect(await it_.runs()(signal())).toBe("idle");
    const dead = await it_.reindexes.getById(id);
    expect(dead).toMatchObject({ status: "RUNNING", done: 20 });
    onWrite = () => {};
    let written = 0;
    onWrite = (writes) => {
      written += writes.length;
    };
    await pollUntil(async () => (await it_.runs()(signal())) === "succeeded", {
      timeoutMs: 5_000,
      message: "the lease to end",
    });
    expect(written).toBe(15);
    expect(await it_.reindexes.getById(id)).toMatchObject({ status: "SUCCEEDED", done: 35, resumed: 1 });
    expect(await it_.titles("desk")).toHaveLength(35);
    expect(await it_.reindexes.progress(dead, { done: 1, failed: 0, last: { type: "", id: newId() } }, 1)).toBe(false);
    expect(await it_.reindexes.finish(dead)).toBe(false);
    expect(await it_.reindexes.fail(dead, "late")).toBe(false);
  });

  it("goes on after a kill between the alias and its own books", async () => {
    await it_.put(newId(), "desk");
    await drain();
    const { id } = await it_.start();
    const finish = it_.reindexes.finish;
    Object.assign(it_.reindexes, { finish: () => Promise.reject(new Error("killed")) });
    await expect(it_.runs(1)(signal())).rejects.toThrow("killed");
    await expect(it_.reindexes.cancel(id)).rejects.toMatchObject({ code: "search.reindex_ended" });
    await it_.put(newId(), "desk later");
    await drain();
    expect(await it_.titles("desk")).toEqual(["desk", "desk later"]);
    Object.assign(it_.reindexes, { finish });
    await pollUntil(async () => (await it_.runs()(signal())) === "succeeded", {
      timeoutMs: 5_000,
      message: "the lease to end",
    });
    expect(await it_.titles("desk")).toEqual(["desk", "desk later"]);
    expect(await it_.registry.targets()).toHaveLength(1);
  });

  it("that is cancelled leaves the live index as it is, and its own is dropped", async () => {
    for (const title of someTitles(25, "desk")) await it_.put(newId(), title);
    await drain();
    const live = await it_.engine.aliasTarget();
    const { id, indexName } = await it_.start();
    let batches = 0;
    onWrite = async () => {
      batches += 1;
      if (batches === 2) await it_.reindexes.cancel(id);
    };
    expect(await it_.runs()(signal())).toBe("lost");
    expect(await it_.reindexes.cancel(id)).toMatchObject({ status: "CANCELLED" });
    await dropRetired(it_.engine, it_.registry);
    expect(await it_.engine.aliasTarget()).toBe(live);
    await expect(test.database.query(`select 1 from "${indexName}"`)).rejects.toMatchObject({ code: "42P01" });
    expect(await it_.titles("desk")).toHaveLength(25);
    onWrite = () => {};
    await it_.start();
    expect(await it_.runs()(signal())).toBe("succeeded");
  });

  it("that the engine refuses too much of is given up: the old index is better", async () => {
    for (const title of someTitles(10, "desk")) await it_.put(newId(), title);
    await drain();
    const live = await it_.engine.aliasTarget();
    refused = () => "no";
    const { id } = await it_.start();
    expect(await it_.runs()(signal())).toBe("failed");
    expect(await it_.reindexes.getById(id)).toMatchObject({
      status: "FAILED",
      failed: 10,
      error: "the engine refused 10 of 10 documents",
    });
    expect(await it_.engine.aliasTarget()).toBe(live);
    expect(await it_.titles("desk")).toHaveLength(10);
  });

  it("fills an engine that is new beside documents that are not", async () => {
    await it_.put(newId(), "desk");
    await drain();
    await it_.engine.dropIndex((await it_.engine.aliasTarget()) ?? "");
    await test.database.query("truncate pg_engine_alias");
    await it_.ensureIndex();
    expect(await it_.titles("desk")).toEqual([]);
    expect(await it_.runs()(signal())).toBe("succeeded");
    expect(await it_.titles("desk")).toEqual(["desk"]);
  });
});

describe("the index worker", () => {
  it("does both by itself, waits for an engine that is away, and shows how much is waiting", async () => {
    await it_.put(newId(), "sofa");
    let away = 3;
    onWrite = () => {
      away -= 1;
      if (away >= 0) throw engineUnavailable(new Error("down"));
    };
    const metrics = createMetrics({ service: "search" });
    const worker = createIndexWorker({
      syncIndex: it_.sync,
      runReindex: it_.runs(),
      ensureIndex: it_.ensureIndex,
      tidy: () => Promise.resolve(),
      queue: it_.queue,
      log: captureLog().log,
      metrics,
      batchSize: 10,
      leaseMs: 60_000,
      pollMs: 20,
    });
    await worker.start(signal());
    const { id } = await it_.start();
    await pollUntil(async () => (await it_.titles("sofa")).length === 1, { timeoutMs: 10_000, message: "the sofa" });
    await pollUntil(async () => (await it_.reindexes.getById(id)).status === "SUCCEEDED", {
      timeoutMs: 10_000,
      message: "the reindex",
    });
    await worker.healthCheck();
    expect(await metrics.text()).toMatch(/tandem_search_index_queue\{state="parked",service="search"\} 0/);
    await worker.stop();
  });
});
