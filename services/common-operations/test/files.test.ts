import { createHash } from "node:crypto";
import { newId } from "@tandem/kernel";
import { startTestService } from "@tandem/testkit/service";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { commonOperationsApiConfig, commonOperationsWorkerConfig } from "../src/config/config.ts";
import { migrations } from "../src/migrate.ts";
import { composeApi } from "../src/server/compose-api.ts";
import { composeWorker } from "../src/worker/compose-worker.ts";
import type { Harness } from "./harness.ts";

const DAY = 86_400_000;
let operations: Harness;
let staff: { readonly authorization: string };
beforeAll(async () => {
  operations = await startTestService({
    context: "common-operations",
    migrations,
    api: { config: commonOperationsApiConfig, compose: composeApi },
    worker: { config: commonOperationsWorkerConfig, compose: composeWorker },
    env: { FILE_MAX_BYTES: "2000" },
  });
  staff = await operations.tokens.as("staff");
});
afterAll(() => operations[Symbol.asyncDispose]());

const sha256 = (text: string) => createHash("sha256").update(text).digest("hex");
const send = async (method: string, path: string, body: string, type = "text/csv", as = staff) => {
  const answer = await fetch(`${operations.url}${path}`, { method, headers: { "content-type": type, ...as }, body });
  // biome-ignore lint/suspicious/noExplicitAny: compared by toMatchObject
  return { status: answer.status, json: (await answer.json()) as any };
};
const post = (path: string, body: object) => operations.http(path, { method: "POST", as: staff, body });
const open = async () => (await post("/files/open", { name: "big.csv" })).json.data.fileId as string;
const content = (id: string) => operations.http(`/files/${id}/content`, { as: staff });

describe("a file", () => {
  it("goes in as the body of a request and comes out as it was", async () => {
    const csv = "sku,name\nA,ü\n";
    const { json } = await send("POST", `/files?name=a.csv&sha256=${sha256(csv)}`, csv);
    expect(json.data).toMatchObject({
      name: "a.csv",
      status: "FILE_STATUS_COMPLETE",
      sha256: sha256(csv),
      sizeBytes: "14",
    });
    const answer = await content(json.data.fileId);
    expect(answer.text).toBe(csv);
    expect(answer.headers.get("content-type")).toBe("text/csv");
  });

  it("is never handed out as something that a browser runs", async () => {
    const { json } = await send("POST", "/files?name=a.html", "<script>alert(1)</script>", "text/html");
    expect((await content(json.data.fileId)).headers.get("content-type")).toBe("text/csv");
  });

  it("comes in parts, in any order, each as often as it likes", async () => {
    const id = await open();
    await send("PUT", `/files/${id}/parts/2`, "second");
    expect((await post(`/files/${id}/complete`, { parts: 2 })).json.error).toBe("file.incomplete");
    expect((await content(id)).json.error).toBe("file.incomplete");
    await send("PUT", `/files/${id}/parts/1`, "wrong");
    await send("PUT", `/files/${id}/parts/1`, "first ");
    expect((await post(`/files/${id}/complete`, { parts: 2, sha256: sha256("x") })).json.error).toBe(
      "file.checksum_mismatch",
    );
    const done = await post(`/files/${id}/complete`, { parts: 2, sha256: sha256("first second") });
    expect(done.json.data).toMatchObject({ status: "FILE_STATUS_COMPLETE", sizeBytes: "12" });
    expect((await post(`/files/${id}/complete`, { parts: 2 })).status).toBe(200);
    expect((await send("PUT", `/files/${id}/parts/3`, "late")).json.error).toBe("file.sealed");
    expect((await content(id)).text).toBe("first second");
  });

  it("has an end to its size, and to its time", async () => {
    const id = await open();
    expect((await send("PUT", `/files/${id}/parts/1`, "x".repeat(1_500))).status).toBe(200);
    expect((await send("PUT", `/files/${id}/parts/2`, "x".repeat(600))).json.error).toBe("file.too_large");
    expect((await send("POST", "/files?name=a.csv", "x".repeat(2_001))).json.error).toBe("file.too_large");
    operations.clock.advance(8 * DAY);
    expect((await operations.http(`/files/${id}`, { as: staff })).json.error).toBe("file.not_found");
    expect((await send("PUT", `/files/${id}/parts/2`, "x")).json.error).toBe("file.not_found");
    await operations.database.query("update timeline_event set received_at = received_at");
    expect(await operations.runJob("common-operations.task-cleanup")).toMatchObject({ events: 0 });
    const left = await operations.database.query("select from file where id = $1", [id]);
    const parts = await operations.database.query("select from file_part where file_id = $1", [id]);
    expect([left.rowCount, parts.rowCount]).toEqual([0, 0]);
  });

  it("that makes no sense is refused, and leaves nothing behind", async () => {
    const id = await open();
    const before = await operations.fingerprint();
    for (const query of ["", "?name=", "?name=..%2Fx", "?name=a%00b", `?name=${"x".repeat(121)}`, "?name=a&sha256=zz"])
      expect((await send("POST", `/files${query}`, "x")).status, query).toBe(400);
    expect((await send("POST", `/files?name=a&sha256=${sha256("y")}`, "x")).json.error).toBe("file.checksum_mismatch");
    expect((await send("POST", "/files?name=a", "")).json.error).toBe("file.incomplete");
    for (const number of ["0", "1001", "x", "-1"])
      expect((await send("PUT", `/files/${id}/parts/${number}`, "x")).status).toBe(400);
    expect((await send("PUT", `/files/${newId()}/parts/1`, "x")).json.error).toBe("file.not_found");
    expect((await operations.http("/files/nope", { as: staff })).status).toBe(400);
    const operator = await operations.tokens.as("operator");
    const customer = await operations.tokens.customer();
    expect((await send("POST", "/files?name=a", "x", "text/csv", operator)).status).toBe(403);
    expect((await send("POST", "/files?name=a", "x", "text/csv", customer)).status).toBe(403);
    expect((await operations.http(`/files/${id}`, { as: customer })).status).toBe(403);
    expect((await operations.http(`/files/${id}`)).status).toBe(401);
    expect(await operations.fingerprint()).toEqual(before);
  });
});

describe("tasks", () => {
  it("are told apart from those that are none", async () => {
    const before = await operations.fingerprint();
    const fileId = newId();
    const bad = [
      {},
      { importProducts: { fileId: "x", sellerId: fileId } },
      { nope: {} },
      { importProducts: {}, exportOrders: {} },
    ];
    for (const body of bad) expect((await post("/tasks", body)).status, JSON.stringify(body)).toBe(400);
    expect((await post("/tasks", { importProducts: { fileId, sellerId: fileId } })).json.error).toBe("file.not_found");
    for (const action of ["cancel", "resume"])
      expect((await post(`/tasks/${fileId}/${action}`, {})).json.error).toBe("task.not_found");
    for (const path of [`/tasks/${fileId}`, `/tasks/${fileId}/items`])
      expect((await operations.http(path, { as: staff })).json.error).toBe("task.not_found");
    for (const path of ["/tasks/x", "/tasks?page.cursor=x", "/tasks?status=99", `/tasks?kind=${"x".repeat(41)}`])
      expect((await operations.http(path, { as: staff })).status, path).toBe(400);
    const customer = await operations.tokens.customer();
    expect((await operations.http("/tasks", { as: customer })).status).toBe(403);
    expect((await operations.http("/tasks", { method: "POST", as: customer, body: { exportOrders: {} } })).status).toBe(
      403,
    );
    expect(await operations.fingerprint()).toEqual(before);
  });

  it("of a file that is no table are refused at once, and leave nothing behind", async () => {
    const upload = async (csv: string) => (await send("POST", "/files?name=a.csv", csv)).json.data.fileId as string;
    const half = await open();
    const files = [await upload("sku\nA"), await upload('sku,name\nA,"b'), await upload("sku,name\n"), half];
    const before = await operations.fingerprint();
    const errors: string[] = [];
    for (const fileId of files)
      errors.push((await post("/tasks", { importProducts: { fileId, sellerId: newId() } })).json.error);
    expect(errors).toEqual(["file.invalid", "file.invalid", "task.invalid", "file.incomplete"]);
    expect(await operations.fingerprint()).toEqual(before);
  });

  it("are listed newest first, created once for a key, and removed when they are old", async () => {
    const headers = { "idempotency-key": newId() };
    const create = () => operations.http("/tasks", { method: "POST", as: staff, headers, body: { exportOrders: {} } });
    const [first, again] = [await create(), await create()];
    expect(again.json.data.taskId).toBe(first.json.data.taskId);
    operations.clock.advance(1_000);
    const { taskId } = (await post("/tasks", { exportOrders: {} })).json.data;
    const page = (await operations.http("/tasks?kind=export-orders&page.limit=1", { as: staff })).json.data;
    expect(page.tasks).toMatchObject([{ taskId, status: "TASK_STATUS_PENDING" }]);
    const next = await operations.http(`/tasks?kind=export-orders&page.cursor=${page.page.nextCursor}`, { as: staff });
    expect(next.json.data.tasks).toMatchObject([{ taskId: first.json.data.taskId }]);
    expect(
      (await operations.http("/tasks?page.offset=1&status=TASK_STATUS_PENDING", { as: staff })).json.data.page.total,
    ).toBe("2");
    await post(`/tasks/${taskId}/cancel`, {});
    operations.clock.advance(31 * DAY);
    expect(await operations.runJob("common-operations.task-cleanup")).toMatchObject({ tasks: 1 });
    expect((await operations.http(`/tasks/${taskId}`, { as: staff })).status).toBe(404);
  });
});
