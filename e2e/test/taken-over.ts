import { setTimeout as sleep } from "node:timers/promises";
import { FileService, TaskService, TaskStatus } from "@tandem/contracts/common-operations";
import { ReindexStatus } from "@tandem/contracts/search";
import type { Shop, TestPlatform } from "@tandem/e2e";
import { newId } from "@tandem/kernel";
import { pollUntil } from "@tandem/testkit";
import { expect, it } from "vitest";

export interface Given {
  readonly platform: TestPlatform;
  readonly shop: Shop;
}

/** Of the workers in these tests: so much is asked for and done in one step, and a dead worker's work is anybody's after so long. */
export const smallSteps = {
  "common-operations-worker": { TASK_CHUNK_SIZE: "5", TASK_LEASE_MS: "2000" },
  "search-worker": { INDEX_BATCH_SIZE: "2", INDEX_LEASE_MS: "2000" },
} as const;

const ROWS = 100;
/** Often: what is waited for is over soon. */
const until = (what: string, holds: () => Promise<boolean>) =>
  pollUntil(holds, { timeoutMs: 60_000, intervalMs: 5, message: what });
/** Seldom: each look is work on a machine that has enough of it, and the end stays. */
const untilTheEnd = (what: string, holds: () => Promise<boolean>) =>
  pollUntil(holds, { timeoutMs: 150_000, intervalMs: 200, message: what });

/** kill -9 of a process in the middle of work that takes many steps: at the moment when a step is done and not yet written down. */
export const takenOver = (given: () => Given): void => {
  let sellerId = "";

  it("an import of products whose worker is killed twice: taken over, complete, no row imported twice", async () => {
    const { platform, shop } = given();
    const { query, hold } = platform.databases;
    const worker = platform.worker("common-operations");
    sellerId = await shop.addSeller(`import-${newId().slice(-8)}`);
    const csv = ["sku,name", ...Array.from({ length: ROWS }, (_, n) => `ROW-${n},Imported thing ${n}`)].join("\n");
    const { file } = await shop.staff.client(FileService).uploadFile({
      name: "things.csv",
      content: { contentType: "text/csv", data: new TextEncoder().encode(csv) },
    });
    const tasks = shop.staff.client(TaskService);
    const { task } = await tasks.createTask({
      work: { case: "importProducts", value: { fileId: file?.fileId ?? "", sellerId } },
    });
    const taskId = task?.taskId ?? "";
    const written = async () =>
      Number((await query("common-operations", "select items_done as n from task where id = $1", [taskId]))[0]?.["n"]);
    const created = async () =>
      Number((await query("catalog", "select count(*) as n from product where seller_id = $1", [sellerId]))[0]?.["n"]);

    for (const progress of [ROWS / 10, ROWS / 2]) {
      await until("the import being under way", async () => (await written()) >= progress);
      {
        await using _row = await hold("common-operations", "select 1 from task where id = $1 for update", [taskId]);
        await until(
          "products that are created and not written down",
          async () => (await created()) > (await written()),
        );
        expect(await created()).toBeLessThan(ROWS);
        await worker.kill();
      }
      await worker.restart();
    }

    await untilTheEnd("the end of the import", async () => {
      const { task: now } = await tasks.getTask({ taskId });
      return now?.status === TaskStatus.SUCCEEDED;
    });
    expect(
      await query(
        "common-operations",
        "select token::int, items_done::int as done, items_failed::int as failed from task where id = $1",
        [taskId],
      ),
    ).toEqual([{ token: 3, done: ROWS, failed: 0 }]);
    const products = await query<{ id: string; sku: string }>(
      "catalog",
      "select id, sku from product where seller_id = $1 order by sku",
      [sellerId],
    );
    expect(products.map(({ sku }) => sku)).toEqual(Array.from({ length: ROWS }, (_, n) => `ROW-${n}`).sort());
    // Every row names the one product that it became, whoever wrote it down; and each was announced once.
    const rows = await query<{ id: string; sku: string }>(
      "common-operations",
      `select result as id, subject as sku from task_item where task_id = $1 and status = 'DONE' order by subject collate "C"`,
      [taskId],
    );
    const bySku = (a: { sku: string }, b: { sku: string }) => (a.sku < b.sku ? -1 : 1);
    expect([...rows].sort(bySku)).toEqual([...products].sort(bySku));
    const announced = await query<{ subject: string }>(
      "catalog",
      "select subject from tandem.outbox_event where topic = 'product.created' and subject = any ($1)",
      [products.map(({ id }) => id)],
    );
    expect(announced).toHaveLength(ROWS);
    expect(
      await query(
        "common-operations",
        "select topic from tandem.outbox_event where topic = 'task.completed' and subject = $1",
        [taskId],
      ),
    ).toHaveLength(1);
  });

  it("a reindex whose worker is killed while it fills and while it swaps: complete, swapped once, found all the time", async () => {
    const { platform, shop } = given();
    const { query, hold } = platform.databases;
    const worker = platform.worker("search");
    const find = async () =>
      (
        await shop.staff.search.search({
          q: "imported thing",
          sellerIds: [sellerId],
          page: { limit: 1, position: { case: "offset", value: 0 } },
        })
      ).page;
    await untilTheEnd("all products being found", async () => Number((await find())?.total) === ROWS);
    await until(
      "an index that is up to date",
      async () => (await query("search", "select 1 from index_task")).length === 0,
    );
    await query("search", "create table seen_swap (index_name text not null)");
    await query(
      "search",
      `create function see_swap() returns trigger language plpgsql as $$ begin
         if new.index_name is distinct from old.index_name then insert into seen_swap values (new.index_name); end if;
         return new; end $$`,
    );
    await query(
      "search",
      "create trigger see_swap after update on pg_engine_alias for each row execute function see_swap()",
    );
    const aliasTarget = async () =>
      (await query<{ name: string }>("search", "select index_name as name from pg_engine_alias"))[0]?.name ?? "";
    const before = await aliasTarget();

    const { reindex } = await shop.staff.search.startReindex({});
    const reindexId = reindex?.reindexId ?? "";
    const run = async () =>
      (
        await query<{ index: string; done: number; resumed: number; status: string }>(
          "search",
          "select index_name as index, done::int, resumed, status from reindex_run where id = $1",
          [reindexId],
        )
      )[0];
    let stop = false;
    const totals = new Set<number>();
    const customers = (async () => {
      while (!stop) {
        totals.add(Number((await find())?.total));
        await sleep(20);
      }
    })();

    await until("the new index being filled", async () => ((await run())?.done ?? 0) >= 20);
    {
      // What it writes to the engine now, nobody learns of.
      await using _run = await hold("search", "select 1 from reindex_run where id = $1 for update", [reindexId]);
      expect((await run())?.status).toBe("RUNNING");
      await worker.kill();
    }
    {
      // The swap is done, its end is not written down.
      await using _live = await hold("search", "select 1 from search_index where name = $1 for update", [before]);
      await worker.restart();
      await until("the alias pointing to the new index", async () => (await aliasTarget()) !== before);
      expect(await run()).toMatchObject({ status: "RUNNING", resumed: 1 });
      await worker.kill();
    }
    await worker.restart();
    await untilTheEnd("the end of the reindex", async () => {
      const { reindex: now } = await shop.staff.search.getReindex({ reindexId });
      return now?.status === ReindexStatus.SUCCEEDED;
    });
    stop = true;
    await customers;

    const after = await run();
    expect(after).toMatchObject({ resumed: 2, index: await aliasTarget() });
    expect([...totals]).toEqual([ROWS]);
    expect(await query("search", "select index_name from seen_swap")).toEqual([{ index_name: after?.index }]);
    await untilTheEnd("the old index being gone", async () => {
      const indexes = await query("search", "select name, state from search_index");
      return indexes.length === 1 && indexes[0]?.["name"] === after?.index && indexes[0]?.["state"] === "LIVE";
    });
    expect(await query("search", "select to_regclass($1) as old", [`"${before}"`])).toEqual([{ old: null }]);
    // Nothing that the truth has is missing, and nothing is there that it has not.
    const missing = await query(
      "search",
      `select d.id from document d where d.type = 'PRODUCT' and not exists (
         select from "${after?.index}" e where e.document_id = d.id and e.version = d.version)`,
    );
    expect(missing).toEqual([]);
  });
};
