import { pollUntil } from "@tandem/testkit";
import { describe, expect, it } from "vitest";
import { down, useGateway } from "./ask-gateway.ts";
import { type Answer, answerJson, startTestGateway } from "./harness.ts";

const { bearer, gateway, get } = useGateway();

describe("a context that is down", () => {
  it("is named in a 503, asked twice for what may be repeated, once for the rest; the others work", async () => {
    gateway().answerWith((request, response, seen) => {
      if (seen.headers["dapr-app-id"] === "catalog") return down()(request, response);
      answerJson(response, 200, { code: 0 });
    });
    const read = await get("/listings");
    expect(read).toMatchObject({
      status: 503,
      body: { code: 80001, error: "gateway.context_unavailable", retryable: true },
    });
    expect(read.body.message).toContain("catalog");
    expect(read.headers.get("retry-after")).toBe("1");
    expect(gateway().seen).toHaveLength(2);
    gateway().seen.length = 0;
    await fetch(`${gateway().url}/products`, {
      method: "POST",
      headers: { ...(await bearer()), "content-type": "application/json" },
      body: "{}",
    });
    expect(gateway().seen).toHaveLength(1);
    expect((await get("/orders", await bearer())).status).toBe(200);
  });

  it("is left alone after some failures, then tried again, and comes back", async () => {
    gateway().answerWith(down());
    for (let at = 0; at < 6; at += 1) await get("/listings");
    gateway().seen.length = 0;
    // Every second it is tried with one call: the next is answered at once.
    await pollUntil(
      async () => {
        const before = gateway().seen.length;
        return (await get("/listings")).status === 503 && gateway().seen.length === before;
      },
      { message: "a call that goes nowhere" },
    );
    gateway().answerWith((_request, response) => answerJson(response, 200, { code: 0 }));
    await pollUntil(async () => (await get("/listings")).status === 200, { intervalMs: 100 });
  });

  it("shows in /health and /health/{context}, and not in /readyz", async () => {
    gateway().answerWith((request, response, seen) => {
      if (seen.headers["dapr-app-id"] === "order") return down()(request, response);
      answerJson(response, seen.headers["dapr-app-id"] === "payment" ? 503 : 200, { ok: true });
    });
    const all = await get("/health");
    expect(all.status).toBe(503);
    expect(all.body).toMatchObject({
      ok: false,
      down: ["order", "payment"],
      contexts: { payment: { state: "not_ready" } },
    });
    expect((await get("/health/order")).body).toMatchObject({ ok: false, state: "unreachable" });
    expect((await get("/health/catalog")).status).toBe(200);
    expect((await get("/health/nobody")).status).toBe(404);
    expect((await get("/livez")).body).toEqual({ ok: true });
  });

  it("errors of its own pass as they are", async () => {
    gateway().answerWith((_request, response) => answerJson(response, 500, { code: 13, error: "rpc.internal" }));
    expect(await get("/listings")).toMatchObject({ status: 500, body: { error: "rpc.internal" } });
    expect(gateway().seen).toHaveLength(1);
  });
});

describe("time", () => {
  it("passes the caller's patience on, and answers 504 when a context does not keep it", async () => {
    const told = Promise.withResolvers<void>();
    gateway().answerWith(async (_request, response) => {
      await told.promise;
      answerJson(response, 200, {});
    });
    // The context keeps its answer until the caller has one.
    const late = await get("/listings", { "request-timeout": "1" });
    told.resolve();
    expect(late).toMatchObject({ status: 504, body: { error: "rpc.deadline_exceeded" } });
    expect(Number(gateway().seen[0]?.headers["request-timeout"])).toBeGreaterThan(0);
    expect(Number(gateway().seen[0]?.headers["request-timeout"])).toBeLessThanOrEqual(1);
  });

  it("tells the context when the caller goes away", async () => {
    let gone = false;
    gateway().answerWith((request, response) => {
      response.once("close", () => {
        gone = true;
      });
      void request;
    });
    const controller = new AbortController();
    const call = fetch(`${gateway().url}/listings`, { signal: controller.signal }).catch(() => undefined);
    await pollUntil(() => gateway().seen.length === 1);
    controller.abort();
    await call;
    await pollUntil(() => gone);
  });

  it("passes streams on as they come, and files byte for byte", async () => {
    const begun = Promise.withResolvers<void>();
    gateway().answerWith(async (_request, response) => {
      response.writeHead(200, { "content-type": "application/pdf", "x-trace-id": "ab" });
      response.write("%PDF-1");
      await begun.promise;
      response.end(Buffer.from([0, 255, 1]));
    });
    const answer = await fetch(`${gateway().url}/listings`);
    const reader = answer.body?.getReader();
    const first = await reader?.read();
    expect(Buffer.from(first?.value ?? []).toString()).toBe("%PDF-1");
    begun.resolve();
    const rest = await reader?.read();
    expect([...(rest?.value ?? [])]).toEqual([0, 255, 1]);
    expect(answer.headers.get("content-type")).toBe("application/pdf");
  });

  const breakOff =
    (length: Record<string, string>): Answer =>
    (_request, response) => {
      response.writeHead(200, { "content-type": "application/json", "x-trace-id": "ab", ...length });
      response.write('{"code":0');
      setTimeout(() => response.destroy(), 50);
    };

  it("answers 503 when a small answer breaks off: none of it is on its way yet", async () => {
    gateway().answerWith(breakOff({ "content-length": "100" }));
    const answer = await fetch(`${gateway().url}/listings`);
    expect(answer.status).toBe(503);
    expect(await answer.json()).toMatchObject({ error: "gateway.answer_broken" });
  });

  it("does not end properly what broke off on its way", async () => {
    gateway().answerWith(breakOff({}));
    await expect(fetch(`${gateway().url}/listings`).then((answer) => answer.text())).rejects.toThrow();
  });
});

describe("rates", () => {
  it("lets 200 reads a second of one address through by default", async () => {
    const answers = await Promise.all(Array.from({ length: 200 }, () => fetch(`${gateway().url}/listings`)));
    expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([200]));
    await Promise.all(answers.map((answer) => answer.text()));
  });

  it("refuses with 429, Retry-After and RateLimit headers; logging in is stricter than reading", async () => {
    await using strict = await startTestGateway({ RATE_AUTH_PER_SECOND: "1", RATE_READ_PER_SECOND: "50" });
    const logIn = () =>
      fetch(`${strict.url}/auth/login`, {
        method: "POST",
        headers: { "content-type": "application/json" },
        body: "{}",
      });
    const statuses: number[] = [];
    // Two at once, then one a second: somebody quicker than that is refused.
    const refused = await pollUntil(
      async () => {
        const answer = await logIn();
        statuses.push(answer.status);
        return answer.status === 429 ? answer : undefined;
      },
      { intervalMs: 0, message: "a refusal" },
    );
    expect(statuses.slice(0, 2)).toEqual([200, 200]);
    expect(Number(refused.headers.get("retry-after"))).toBeGreaterThan(0);
    expect(refused.headers.get("ratelimit-limit")).toBe("2");
    expect(refused.headers.get("ratelimit-remaining")).toBe("0");
    expect(await refused.json()).toMatchObject({ error: "rpc.rate_limited", retryable: true });
    expect((await fetch(`${strict.url}/listings`)).status).toBe(200);
    expect(strict.seen).toHaveLength(statuses.length);
  });
});
