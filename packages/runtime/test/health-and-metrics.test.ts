import { createHealth, createMetrics, createOpsServer, currentContext, runInContext } from "@tandem/runtime";
import { describe, expect, test } from "vitest";

describe("health", () => {
  test("ready means serving and every check passes; the answer names what does not", async () => {
    const health = createHealth();
    let up = false;
    health.addCheck("postgres", async () => {
      if (!up) throw new Error("refused");
    });
    health.addCheck("sidecar", async () => {});
    expect((await health.ready()).ok).toBe(false);
    health.setServing(true);
    expect(await health.ready()).toEqual({
      ok: false,
      serving: true,
      checks: { postgres: { ok: false, error: "refused" }, sidecar: { ok: true } },
    });
    up = true;
    expect((await health.ready()).ok).toBe(true);
    health.setServing(false);
    expect((await health.ready()).ok).toBe(false);
    expect(health.live()).toBe(true);
  });

  test("a check that hangs fails by itself, and its signal aborts", async () => {
    const health = createHealth({ checkTimeoutMs: 20 });
    let seen: AbortSignal | undefined;
    health.addCheck("stuck", (signal) => {
      seen = signal;
      return new Promise(() => {});
    });
    expect((await health.ready()).checks["stuck"]).toEqual({ ok: false, error: "no answer within 20 ms" });
    expect(seen?.aborted).toBe(true);
  });

  test("askers at the same time share one round of checks", async () => {
    const health = createHealth();
    let rounds = 0;
    health.addCheck("counted", async () => {
      rounds += 1;
    });
    await Promise.all([health.ready(), health.ready(), health.ready()]);
    expect(rounds).toBe(1);
    await health.ready();
    expect(rounds).toBe(2);
  });

  test("listeners hear changes and only changes", async () => {
    const health = createHealth();
    const heard: boolean[] = [];
    const stop = health.onChange((ok) => heard.push(ok));
    let up = true;
    health.addCheck("flaky", async () => {
      if (!up) throw new Error("down");
    });
    health.setServing(true);
    await health.ready();
    up = false;
    await health.ready();
    await health.ready();
    stop();
    health.setServing(false);
    expect(heard).toEqual([true, false]);
  });
});

describe("metrics", () => {
  test("binaries in one process keep their figures apart; the process's own come once", async () => {
    const order = createMetrics({ service: "order" });
    const payment = createMetrics({ service: "payment" });
    const spec = { name: "tandem_seen_total", help: "seen", labels: ["kind"] } as const;
    order.counter(spec).inc({ kind: "a" }, 2);
    payment.counter(spec).inc({ kind: "a" }, 3);
    const text = await order.text();
    expect(text).toContain('tandem_seen_total{kind="a",service="order"} 2');
    expect(text).not.toContain("payment");
    expect(text.match(/^process_cpu_seconds_total /gm)).toHaveLength(1);
  });

  test("asking for a name twice gives the same metric", () => {
    const metrics = createMetrics({ service: "order" });
    const spec = { name: "tandem_seen_total", help: "seen" } as const;
    expect(metrics.counter(spec)).toBe(metrics.counter(spec));
  });

  test("names outside the convention are refused", () => {
    const metrics = createMetrics({ service: "order" });
    expect(() => metrics.counter({ name: "tandem_Bad-Name", help: "x" })).toThrow("tandem_snake_case");
  });

  test("a collector that fails costs its own figures, not the scrape", async () => {
    const metrics = createMetrics({ service: "order" });
    const depth = metrics.gauge({ name: "tandem_depth", help: "depth" });
    metrics.onScrape(() => Promise.reject(new Error("database down")));
    metrics.onScrape(() => depth.set(7));
    const text = await metrics.text();
    expect(text).toContain('tandem_depth{service="order"} 7');
    expect(text).toContain('tandem_metrics_collect_errors_total{service="order"} 1');
  });

  test("a collector can be removed", async () => {
    const metrics = createMetrics({ service: "order" });
    let calls = 0;
    const stop = metrics.onScrape(() => {
      calls += 1;
    });
    await metrics.text();
    stop();
    await metrics.text();
    expect(calls).toBe(1);
  });
});

describe("the ops server", () => {
  test("answers probes and metrics by status, and nothing else", async () => {
    const health = createHealth();
    await using server = createOpsServer({
      port: 0,
      host: "127.0.0.1",
      health,
      metrics: createMetrics({ service: "w" }),
    });
    const { port } = await server.start();
    const get = (path: string, init?: RequestInit) => fetch(`http://127.0.0.1:${port}${path}`, init);
    expect((await get("/livez")).status).toBe(200);
    expect((await get("/readyz")).status).toBe(503);
    health.setServing(true);
    const ready = await get("/readyz?verbose");
    expect([ready.status, await ready.json()]).toEqual([200, { ok: true, serving: true, checks: {} }]);
    const metrics = await get("/metrics");
    expect(metrics.headers.get("content-type")).toContain("text/plain");
    expect(await metrics.text()).toContain("process_cpu_seconds_total");
    expect((await get("/other")).status).toBe(404);
    expect((await get("/livez", { method: "POST" })).status).toBe(404);
  });

  test("a port in use is an error at start", async () => {
    const parts = { host: "127.0.0.1", health: createHealth(), metrics: createMetrics({ service: "w" }) };
    await using first = createOpsServer({ port: 0, ...parts });
    const { port } = await first.start();
    await expect(createOpsServer({ port, ...parts }).start()).rejects.toThrow("EADDRINUSE");
  });
});

describe("context", () => {
  test("crosses awaits, is laid over the outer one, and ends with its function", async () => {
    await runInContext({ correlationId: "c-1", subject: "me" }, async () => {
      await new Promise((resolve) => setImmediate(resolve));
      await runInContext({ deadlineAt: 5 }, async () => {
        expect(currentContext()).toEqual({ correlationId: "c-1", subject: "me", deadlineAt: 5 });
      });
      expect(currentContext()).toEqual({ correlationId: "c-1", subject: "me" });
    });
    expect(currentContext()).toBeUndefined();
  });

  test("where no correlation id comes in, a new one begins", () => {
    const first = runInContext({}, () => currentContext()?.correlationId);
    const second = runInContext({}, () => currentContext()?.correlationId);
    expect(first).toMatch(/^[0-9a-f-]{36}$/);
    expect(second).not.toBe(first);
  });
});
