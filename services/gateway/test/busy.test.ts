import { pollUntil } from "@tandem/testkit";
import { afterEach, describe, expect, it } from "vitest";
import { answerJson, startTestGateway, type TestGateway } from "./harness.ts";

const open: TestGateway[] = [];
afterEach(async () => {
  await Promise.all(open.splice(0).map((gateway) => gateway[Symbol.asyncDispose]()));
});

/** A gateway whose catalog keeps its answers until it is told to give them. */
const startSlow = async (env: Readonly<Record<string, string>>) => {
  const gateway = await startTestGateway(env);
  open.push(gateway);
  let held: (() => void)[] = [];
  gateway.answerWith((_request, response, seen) => {
    const answer = () => answerJson(response, 200, { code: 0 });
    if (seen.headers["dapr-app-id"] === "catalog" && seen.url !== "/readyz") held.push(answer);
    else answer();
  });
  const headers = { authorization: `Bearer ${await gateway.token()}`, "content-type": "application/json" };
  const read = () => fetch(`${gateway.url}/listings`, { headers: { prefer: "wait=5" } });
  return {
    gateway,
    read,
    write: (more: Record<string, string> = {}) =>
      fetch(`${gateway.url}/products`, { method: "POST", headers: { ...headers, ...more }, body: "{}" }),
    held: () => held.length,
    release: () => {
      const all = held;
      held = [];
      for (const answer of all) answer();
    },
    limit: async () => {
      const text = await (await fetch(`${gateway.opsUrl}/metrics`)).text();
      return Number(/^tandem_gateway_concurrency_limit\{[^}]*context="catalog"[^}]*\} (\d+)/m.exec(text)?.[1]);
    },
  };
};
const many = (count: number, call: () => Promise<Response>) => Array.from({ length: count }, call);
const statuses = async (calls: readonly Promise<Response>[]) => {
  const counts: Record<number, number> = {};
  for (const { status } of await Promise.all(calls)) counts[status] = (counts[status] ?? 0) + 1;
  return counts;
};

describe("a context with as many calls as it may have", () => {
  it("gets no more: a 503 that names it, at once; readers are refused before writers; others work", async () => {
    const { gateway, read, write, held, release } = await startSlow({ MAX_IN_FLIGHT_PER_CONTEXT: "10" });
    const reads = many(8, read);
    await pollUntil(() => held() === 8);
    const refused = await read();
    expect(refused.status).toBe(503);
    expect(refused.headers.get("retry-after")).toBe("1");
    expect(await refused.json()).toMatchObject({
      code: 80002,
      error: "gateway.context_busy",
      retryable: true,
      details: [{ field: "context", rule: "catalog" }],
    });
    const writes = many(2, () => write());
    await pollUntil(() => held() === 10);
    expect((await write()).status).toBe(503);
    expect((await fetch(`${gateway.url}/search?q=cup`)).status).toBe(200);
    expect((await fetch(`${gateway.url}/health/catalog`)).status).toBe(200);
    // By the caller's wish: such a call is slow for everybody's good.
    const waiting = write({ prefer: "wait=5" });
    await pollUntil(() => held() === 11);
    release();
    expect(await statuses([...reads, ...writes, waiting])).toEqual({ 200: 11 });
    const after = read();
    await pollUntil(() => held() === 1);
    release();
    expect((await after).status).toBe(200);
    expect(gateway.logs.filter(({ msg }) => msg === "the context is busy: calls are refused")).toHaveLength(1);
  });

  it("is given fewer at once while its answers take too long", async () => {
    const { read, write, held, release, limit } = await startSlow({ SLOW_ANSWER_MS: "50" });
    expect(await limit()).toBe(512);
    const slow = many(40, read);
    await pollUntil(() => held() === 40);
    await new Promise((resolve) => setTimeout(resolve, 60));
    release();
    expect(await statuses(slow)).toEqual({ 200: 40 });
    expect(await limit()).toBe(30);
    const reads = many(24, read);
    await pollUntil(() => held() === 24);
    expect(await statuses(many(10, read))).toEqual({ 503: 10 });
    const writes = many(8, () => write());
    await pollUntil(() => held() === 30);
    release();
    expect(await statuses([...reads, ...writes])).toEqual({ 200: 30, 503: 2 });
  });
});
