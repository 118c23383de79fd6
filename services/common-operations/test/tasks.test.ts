import { AppError, newId } from "@tandem/kernel";
import { pollUntil } from "@tandem/testkit";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { fakeCatalog, fakeDeadLetters, fakeOrders, fakePricing, openFakeTasks, tasksOf } from "./fake-contexts.ts";
import { type Harness, startHarness } from "./harness.ts";

let operations: Harness;
let staff: Promise<{ readonly authorization: string }>;
beforeAll(async () => {
  operations = await startHarness();
  staff = operations.tokens.as("staff");
});
afterAll(() => operations[Symbol.asyncDispose]());
// A task that a test leaves open would be another test's next one.
afterEach(() =>
  operations.database.query(
    "update task set status = 'CANCELLED' where status in ('PENDING', 'RUNNING', 'CANCELLING')",
  ),
);

const post = (path: string, body: unknown = {}) => operations.http(path, { method: "POST", as: staff, body });
const get = async (path: string) => (await operations.http(path, { as: staff })).json.data;
const importOf = async (csv: string, sellerId = newId()) => {
  const { json } = await tasksOf(operations).upload(csv, staff);
  const answer = await post("/tasks", { importProducts: { fileId: json.data.fileId, sellerId } });
  expect(answer.status, answer.text).toBe(200);
  return { sellerId, taskId: answer.json.data.taskId as string };
};
const csvOf = (count: number) =>
  ["sku,name", ...Array.from({ length: count }, (_, n) => `S-${n},Thing ${n}`)].join("\n");

const turn = async ({ queue, runTask }: ReturnType<typeof openFakeTasks>, leaseMs = 1_000) => {
  const task = await queue.claim(leaseMs);
  if (!task) throw new Error("no task is due");
  return runTask(task, new AbortController().signal);
};

describe("an import", () => {
  it("creates each row's product, tells the progress, and announces its end", async () => {
    const catalog = fakeCatalog();
    const { taskId, sellerId } = await importOf(csvOf(10));
    expect(await get(`/tasks/${taskId}`)).toMatchObject({ status: "TASK_STATUS_PENDING", kind: "import-products" });
    expect(await turn(openFakeTasks(operations, catalog))).toBe("done");
    expect(await get(`/tasks/${taskId}`)).toMatchObject({
      status: "TASK_STATUS_SUCCEEDED",
      itemsTotal: "10",
      itemsDone: "10",
    });
    expect(catalog.bySku.size).toBe(10);
    const { items } = await get(`/tasks/${taskId}/items?page.limit=3`);
    expect(items[2]).toMatchObject({ line: "4", subject: "S-2", result: catalog.bySku.get(`${sellerId} S-2`)?.id });
    const [event] = await operations.events(taskId);
    expect(event).toMatchObject({
      topic: "task.completed",
      data: { status: "TASK_STATUS_SUCCEEDED", itemsDone: "10" },
    });
  });

  it("tries every row and lists those refused, by line", async () => {
    const catalog = fakeCatalog();
    const csv = "sku,name,status\nA,Thing,\nB,,\nA,Again,\nC,Thing,sold\nD,x\nE,=cmd(),draft\n";
    const { taskId, sellerId } = await importOf(csv);
    catalog.bySku.set(`${sellerId} E`, { id: newId(), draft: {} as never });
    await turn(openFakeTasks(operations, catalog));
    const task = await get(`/tasks/${taskId}`);
    expect(task).toMatchObject({ status: "TASK_STATUS_SUCCEEDED_WITH_ERRORS", itemsDone: "1", itemsFailed: "5" });
    const refused = await operations.http(`/files/${task.fileId}/content`, { as: staff });
    expect(refused.headers.get("content-type")).toBe("text/csv");
    expect(
      refused.text
        .trim()
        .split("\r\n")
        .map((line) => line.split(",").slice(0, 3).join()),
    ).toEqual([
      "line,subject,error",
      "3,B,request.invalid",
      "4,A,file.invalid",
      "5,C,file.invalid",
      "6,D,file.invalid",
      "7,E,catalog.sku_taken",
    ]);
  });

  it("whose worker dies in the middle creates every product once: the next one goes on after its lease", async () => {
    const catalog = fakeCatalog();
    const { taskId } = await importOf(csvOf(11));
    const dead = openFakeTasks(operations, catalog);
    // It dies between the second call and writing down what became of it; a dead process renews no lease.
    const release = Promise.withResolvers<void>();
    const died = Promise.withResolvers<void>();
    catalog.afterCreate = async (call) => {
      if (call !== 2) return;
      died.resolve();
      await release.promise;
    };
    const claimed = await dead.queue.claim(100);
    if (!claimed) throw new Error("no task");
    dead.queue.renew = async () => true;
    const zombie = dead.runTask(claimed, new AbortController().signal);
    await died.promise;
    catalog.afterCreate = async () => {};
    const next = openFakeTasks(operations, catalog);
    const taken = await pollUntil(() => next.queue.claim(10_000));
    expect(taken).toMatchObject({ id: taskId, planned: true, itemsDone: 4 });
    expect(await next.runTask(taken as never, new AbortController().signal)).toBe("done");
    // It was not dead after all: what it says now is not heard.
    release.resolve();
    expect(await zombie).toBe("lost");
    expect(catalog.bySku.size).toBe(11);
    expect(catalog.calls[2]).toBe(catalog.calls[1]); // the same step under the same key
    expect(await get(`/tasks/${taskId}`)).toMatchObject({
      status: "TASK_STATUS_SUCCEEDED",
      itemsTotal: "11",
      itemsDone: "11",
    });
    expect(await operations.topics(taskId)).toEqual(["task.completed"]);
  });

  it("is held by one worker at a time", async () => {
    await importOf(csvOf(1));
    const [one, other] = [openFakeTasks(operations, {}), openFakeTasks(operations, {})];
    const claims = await Promise.all([one.queue.claim(5_000), other.queue.claim(5_000), one.queue.claim(5_000)]);
    expect(claims.filter(Boolean)).toHaveLength(1);
  });

  it("stops at its next step when it is cancelled, and goes on when it is resumed", async () => {
    const catalog = fakeCatalog();
    const { taskId } = await importOf(csvOf(10));
    catalog.afterCreate = async (call) => {
      if (call === 1) expect((await post(`/tasks/${taskId}/cancel`)).json.data.status).toBe("TASK_STATUS_CANCELLING");
    };
    const tasks = openFakeTasks(operations, catalog);
    expect(await turn(tasks)).toBe("cancelled");
    expect(catalog.bySku.size).toBe(4);
    expect(await get(`/tasks/${taskId}`)).toMatchObject({ status: "TASK_STATUS_CANCELLED", itemsDone: "4" });
    expect((await post(`/tasks/${taskId}/cancel`)).status).toBe(200);
    expect((await post(`/tasks/${taskId}/resume`)).json.data.status).toBe("TASK_STATUS_PENDING");
    expect(await turn(tasks)).toBe("done");
    expect(catalog.bySku.size).toBe(10);
    expect(await get(`/tasks/${taskId}`)).toMatchObject({ status: "TASK_STATUS_SUCCEEDED", itemsDone: "10" });
    expect(await operations.topics(taskId)).toEqual(["task.completed", "task.completed"]);
    expect(await post(`/tasks/${taskId}/cancel`)).toMatchObject({
      status: 409,
      json: { error: "task.not_cancellable" },
    });
    expect(await post(`/tasks/${taskId}/resume`)).toMatchObject({ status: 409, json: { error: "task.not_resumable" } });
  });

  it("that nobody has begun is cancelled at once; one whose worker died is cancelled by the next", async () => {
    const { taskId } = await importOf(csvOf(3));
    expect((await post(`/tasks/${taskId}/cancel`)).json.data.status).toBe("TASK_STATUS_CANCELLED");
    const second = await importOf(csvOf(3));
    const tasks = openFakeTasks(operations, {});
    await tasks.queue.claim(1);
    await post(`/tasks/${second.taskId}/cancel`);
    const taken = await pollUntil(() => tasks.queue.claim(1_000));
    expect(await tasks.runTask(taken as never, new AbortController().signal)).toBe("cancelled");
    expect((await get(`/tasks/${second.taskId}`)).status).toBe("TASK_STATUS_CANCELLED");
  });

  it("waits while the catalogue is away, is given up when it stays away, and can be resumed then", async () => {
    const catalog = fakeCatalog();
    const { taskId } = await importOf(csvOf(5));
    catalog.refuse = new AppError("unavailable", "rpc.unavailable", "catalog is away");
    const tasks = openFakeTasks(operations, catalog);
    const again = () => operations.database.query("update task set due_at = now() where id = $1", [taskId]);
    expect(await turn(tasks)).toBe("postponed");
    expect(await get(`/tasks/${taskId}`)).toMatchObject({
      status: "TASK_STATUS_RUNNING",
      error: { slug: "rpc.unavailable" },
    });
    await again();
    expect(await turn(tasks)).toBe("postponed");
    await again();
    expect(await turn(tasks)).toBe("failed");
    expect(await get(`/tasks/${taskId}`)).toMatchObject({ status: "TASK_STATUS_FAILED", itemsDone: "0" });
    catalog.refuse = undefined;
    await post(`/tasks/${taskId}/resume`);
    expect(await turn(tasks)).toBe("done");
    expect(catalog.bySku.size).toBe(5);
  });

  it("tries refused rows again when asked to, but not those that could not be read", async () => {
    const catalog = fakeCatalog();
    const { taskId, sellerId } = await importOf("sku,name\nA,Thing\nB\nC,Thing\n");
    catalog.bySku.set(`${sellerId} C`, { id: newId(), draft: {} as never });
    const tasks = openFakeTasks(operations, catalog);
    await turn(tasks);
    catalog.bySku.delete(`${sellerId} C`);
    expect((await post(`/tasks/${taskId}/resume`)).status).toBe(409);
    await post(`/tasks/${taskId}/resume`, { retryFailed: true });
    await turn(tasks);
    expect(await get(`/tasks/${taskId}`)).toMatchObject({ itemsDone: "2", itemsFailed: "1", itemsTotal: "3" });
  });

  it("lets go at once when its process has to go", async () => {
    const catalog = fakeCatalog();
    const { taskId } = await importOf(csvOf(9));
    const stop = new AbortController();
    catalog.afterCreate = async () => stop.abort(new Error("the worker stops"));
    const tasks = openFakeTasks(operations, catalog);
    const task = await tasks.queue.claim(60_000);
    expect(await tasks.runTask(task as never, stop.signal)).toBe("postponed");
    catalog.afterCreate = async () => {};
    expect(await turn(tasks)).toBe("done");
    expect(catalog.bySku.size).toBe(9);
    expect((await get(`/tasks/${taskId}`)).status).toBe("TASK_STATUS_SUCCEEDED");
  });
});

describe("a price change", () => {
  it("by a share is worked out once: a worker that dies in the middle changes no price twice", async () => {
    const [catalog, pricing, sellerId] = [fakeCatalog(), fakePricing(), newId()];
    for (let n = 0; n < 7; n += 1) {
      const id = newId();
      catalog.bySku.set(`${sellerId} ${n}`, { id, draft: {} as never });
      if (n < 6) pricing.byProduct.set(id, 1_000n);
    }
    const work = { sellerId, currencyCode: "EUR", changeBasisPoints: 1_000 };
    const { json } = await post("/tasks", { changePrices: work });
    const tasks = openFakeTasks(operations, { ...catalog, prices: pricing.prices });
    pricing.afterSet = async () => {
      throw new AppError("unavailable", "rpc.unavailable", "the answer is lost");
    };
    expect(await turn(tasks)).toBe("postponed");
    pricing.afterSet = async () => {};
    await operations.database.query("update task set due_at = now() where id = $1", [json.data.taskId]);
    expect(await turn(tasks)).toBe("done");
    expect([...pricing.byProduct.values()]).toEqual(Array(6).fill(1_100n));
    expect(await get(`/tasks/${json.data.taskId}`)).toMatchObject({ itemsTotal: "6", itemsDone: "6" });
  });

  it("by a file sets what the file says, and refuses the rest by line and column", async () => {
    const pricing = fakePricing();
    const [known, unknown] = [newId(), newId()];
    pricing.byProduct.set(known, 1n);
    const rows = [
      `${known},12.5,EUR`,
      `${unknown},1,EUR`,
      `${known},1.234,EUR`,
      "x,1,EUR",
      `${known},1,eur`,
      `${known},-1,EUR`,
    ];
    const csv = ["product_id,price,currency", ...rows].join("\n");
    const { json: file } = await tasksOf(operations).upload(csv, staff);
    const { json } = await post("/tasks", { changePrices: { fileId: file.data.fileId } });
    await turn(openFakeTasks(operations, pricing));
    expect(pricing.byProduct.get(known)).toBe(1_250n);
    const { items } = await get(`/tasks/${json.data.taskId}/items?status=TASK_ITEM_STATUS_FAILED`);
    expect(items.map((item: { error: { message: string } }) => item.error.message)).toEqual([
      "There is no such product.",
      "Line 4, price: has more than 2 decimals.",
      "Line 5, product_id: is no product's id.",
      "Line 6, currency: is no currency.",
      "Line 7, price: is no amount such as 12.50.",
    ]);
  });

  it("needs a file or a seller with a share, and not both", async () => {
    const before = await operations.fingerprint();
    const [fileId, sellerId] = [newId(), newId()];
    for (const changePrices of [{}, { fileId, sellerId }, { sellerId }, { sellerId, currencyCode: "EUR" }])
      expect(await post("/tasks", { changePrices })).toMatchObject({ status: 400, json: { error: "task.invalid" } });
    expect((await post("/tasks", { changePrices: { fileId } })).json.error).toBe("file.not_found");
    expect(await operations.fingerprint()).toEqual(before);
  });
});

describe("an export of orders", () => {
  const rows = Array.from({ length: 8 }, (_, n) => [
    `order-${n}`,
    n === 3 ? '=HYPERLINK("http://evil")' : `1 x ${n}, "blue"`,
  ]);

  it("is a CSV in which nothing is a formula, and survives a failure in the middle without a line twice", async () => {
    const { orders, state } = fakeOrders(rows);
    const { json } = await post("/tasks", { exportOrders: { status: "confirmed" } });
    const { taskId } = json.data;
    const failing = {
      ...orders,
      list: (...args: Parameters<typeof orders.list>) => {
        if (state.calls === 2) state.fail = new AppError("unavailable", "rpc.unavailable", "order is away");
        return orders.list(...args);
      },
    };
    expect(await turn(openFakeTasks(operations, { orders: failing }))).toBe("postponed");
    const partial = await get(`/tasks/${taskId}`);
    expect(partial).toMatchObject({ itemsDone: "6" });
    expect((await operations.http(`/files/${partial.fileId}/content`, { as: staff })).json.error).toBe(
      "file.incomplete",
    );
    state.fail = undefined;
    await operations.database.query("update task set due_at = now() where id = $1", [taskId]);
    expect(await turn(openFakeTasks(operations, { orders }))).toBe("done");
    const task = await get(`/tasks/${taskId}`);
    expect(task).toMatchObject({ status: "TASK_STATUS_SUCCEEDED", itemsDone: "8", itemsTotal: "8" });
    const { text } = await operations.http(`/files/${task.fileId}/content`, { as: staff });
    const lines = text.trim().split("\r\n");
    expect(lines).toHaveLength(9);
    expect(lines[0]).toBe("order_id,items");
    expect(lines[4]).toBe(`order-3,"'=HYPERLINK(""http://evil"")"`);
    const file = await get(`/files/${task.fileId}`);
    expect(file).toMatchObject({ status: "FILE_STATUS_COMPLETE", sizeBytes: String(text.length) });
  });

  it("without orders is a file with a header, and an unknown status is refused", async () => {
    const { json } = await post("/tasks", { exportOrders: {} });
    await turn(openFakeTasks(operations, fakeOrders([])));
    const { fileId } = await get(`/tasks/${json.data.taskId}`);
    expect((await operations.http(`/files/${fileId}/content`, { as: staff })).text).toBe("order_id,items\r\n");
    expect((await post("/tasks", { exportOrders: { status: "nope" } })).json.error).toBe("task.invalid");
  });
});

describe("a replay", () => {
  it("keeps to its rate, and says what could not be replayed", async () => {
    const open = Array.from({ length: 5 }, (_, n) => ({
      context: "order",
      id: n === 4 ? "gone" : `d${n}`,
      consumer: "c",
    }));
    const { deadLetters, replayed } = fakeDeadLetters(open);
    const at = operations.clock.now();
    await operations.database.query(
      `insert into task (id, kind, status, parameters, requested_by, planned, items_total, items_done, items_failed, failures, version,
         created_at, token, due_at) values ($1, 'replay-dead-letters', 'PENDING', $2, 'ada', false, 0, 0, 0, 0, 1, $3, 0, now())`,
      [newId(), JSON.stringify({ maxPerSecond: 2 }), at],
    );
    const startedAt = performance.now();
    await turn(openFakeTasks(operations, { deadLetters }, { TASK_LEASE_MS: "60000" }), 60_000);
    expect(replayed.map((ids) => ids.length)).toEqual([2, 2, 1]);
    expect(performance.now() - startedAt).toBeGreaterThan(1_900); // a floor, whatever the machine
  });
});
