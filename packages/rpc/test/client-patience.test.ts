import { AppError } from "@tandem/kernel";
import { createMetrics, runInContext } from "@tandem/runtime";
import { pollUntil } from "@tandem/testkit";
import { describe, expect, it } from "vitest";
import { callOf } from "../src/index.ts";
import { clientOf, failureOf, start } from "./client-fixtures.ts";
import { bearer } from "./harness.ts";

describe("the deadline is a budget", () => {
  it("the callee sees the client's own limit", async () => {
    let remainingMs = 0;
    const harness = await start({
      ping: (_request, context) => {
        remainingMs = callOf(context).remainingMs();
        return { text: "" };
      },
    });
    await clientOf(harness, { deadlineMs: 5_000 }).ping({});
    expect(remainingMs).toBeGreaterThan(0);
    expect(remainingMs).toBeLessThanOrEqual(5_000);
  });

  it("over two hops the second gets what the first has left, less a safety, whatever its own limit", async () => {
    let firstRemaining = 0;
    let secondRemaining = 0;
    const second = await start({
      ping: (_request, context) => {
        secondRemaining = callOf(context).remainingMs();
        return { text: "" };
      },
    });
    const toSecond = clientOf(second, { deadlineMs: 60_000, safetyMs: 100 });
    const first = await start({
      ping: async (_request, context) => {
        firstRemaining = callOf(context).remainingMs();
        return toSecond.ping({});
      },
    });
    await clientOf(first, { deadlineMs: 8_000 }).ping({});
    expect(firstRemaining).toBeLessThanOrEqual(8_000);
    expect(secondRemaining).toBeGreaterThan(0);
    expect(secondRemaining).toBeLessThanOrEqual(firstRemaining - 100);
  });

  it("when it passes the caller is told by an error, and the handler at the far end by its signal", async () => {
    let aborted = false;
    const second = await start({
      ping: (_request, { signal }) =>
        new Promise((_resolve, reject) => {
          signal.addEventListener("abort", () => {
            aborted = true;
            reject(signal.reason);
          });
        }),
    });
    const toSecond = clientOf(second, { deadlineMs: 60_000, retry: { attempts: 1 } });
    const first = await start({ ping: () => toSecond.ping({}) });
    // Long enough to reach the far end from a machine that does other things.
    const error = await failureOf(clientOf(first, { deadlineMs: 1_500, retry: { attempts: 1 } }).ping({}));
    expect([error.kind, error.code]).toEqual(["deadline_exceeded", "rpc.deadline_exceeded"]);
    await pollUntil(() => aborted);
  });

  it("a handler that does not listen is answered for", async () => {
    const harness = await start({ ping: () => new Promise(() => {}) });
    const answer = await harness.http("/ping", { headers: { "request-timeout": "0.1" } });
    expect([answer.status, answer.json.error]).toEqual([504, "rpc.deadline_exceeded"]);
  });

  it("calls that bring none get the server's default, and longer ones are cut", async () => {
    const seen: number[] = [];
    const harness = await start(
      {
        ping: (_request, context) => {
          seen.push(callOf(context).remainingMs());
          return { text: "" };
        },
      },
      { limits: { defaultDeadlineMs: 5_000, maxDeadlineMs: 50_000 } },
    );
    await harness.http("/ping");
    await harness.http("/ping", { headers: { "request-timeout": "600" } });
    expect(seen[0]).toBeLessThanOrEqual(5_000);
    expect(seen[1]).toBeLessThanOrEqual(50_000);
    expect(seen[1]).toBeGreaterThan(5_000);
  });

  it("nothing is sent when nothing is left", async () => {
    let calls = 0;
    const harness = await start({
      ping: () => {
        calls += 1;
        return { text: "" };
      },
    });
    const client = clientOf(harness);
    const error = await runInContext({ correlationId: "c", deadlineAt: Date.now() + 5 }, () =>
      failureOf(client.ping({})),
    );
    expect([error.code, calls]).toEqual(["rpc.deadline_exceeded", 0]);
  });

  it("a caller that hangs up cancels the calls made for it", async () => {
    let aborted = false;
    const entered = Promise.withResolvers<void>();
    const second = await start({
      ping: (_request, { signal }) =>
        new Promise((_resolve, reject) => {
          entered.resolve();
          signal.addEventListener("abort", () => {
            aborted = true;
            reject(signal.reason);
          });
        }),
    });
    const toSecond = clientOf(second, { deadlineMs: 60_000 });
    const first = await start({ ping: () => toSecond.ping({}) });
    const caller = new AbortController();
    const work = clientOf(first, { deadlineMs: 60_000 }).ping({}, { signal: caller.signal });
    await entered.promise;
    caller.abort();
    expect((await failureOf(work)).code).toBe("rpc.cancelled");
    await pollUntil(() => aborted);
  });
});

describe("retries", () => {
  const failing = async (times: number, error = () => new AppError("unavailable", "test.down", "down")) => {
    let calls = 0;
    const answer = <T>(value: T) => {
      calls += 1;
      if (calls <= times) throw error();
      return value;
    };
    const harness = await start({
      getThing: ({ id }) => answer({ id }),
      createThing: ({ name }) => answer({ id: "1", name }),
      replaceThing: ({ id }) => answer({ id }),
    });
    return { harness, calls: () => calls, options: bearer(await harness.token()) };
  };
  const quick = { breaker: false, retry: { attempts: 3, baseDelayMs: 1 } } as const;

  it("repeat reads and idempotent writes", async () => {
    const { harness, calls, options } = await failing(2);
    expect((await clientOf(harness, quick).getThing({ id: "a" }, options)).id).toBe("a");
    expect(calls()).toBe(3);
    const other = await failing(2);
    await clientOf(other.harness, quick).replaceThing({ id: "a" }, other.options);
    expect(other.calls()).toBe(3);
  });

  it("never repeat any other call", async () => {
    const { harness, calls, options } = await failing(1);
    expect((await failureOf(clientOf(harness, quick).createThing({ name: "a" }, options))).code).toBe("test.down");
    expect(calls()).toBe(1);
  });

  it("repeat it when it carries an Idempotency-Key", async () => {
    const { harness, calls, options } = await failing(1);
    await clientOf(harness, quick).createThing(
      { name: "a" },
      { headers: { ...options.headers, "idempotency-key": "k" } },
    );
    expect(calls()).toBe(2);
  });

  it("do not repeat what will not get better", async () => {
    const { harness, calls, options } = await failing(9, () => new AppError("not_found", "test.gone", "gone"));
    expect((await failureOf(clientOf(harness, quick).getThing({ id: "a" }, options))).code).toBe("test.gone");
    expect(calls()).toBe(1);
  });

  it("end with the last error after the attempts, and are counted", async () => {
    const { harness, calls, options } = await failing(9);
    const metrics = createMetrics({ service: "test" });
    expect((await failureOf(clientOf(harness, { ...quick, metrics }).getThing({ id: "a" }, options))).code).toBe(
      "test.down",
    );
    expect(calls()).toBe(3);
    const text = await metrics.text();
    expect(text).toMatch(/tandem_rpc_client_retries_total\{[^}]*rpc_method="GetThing"[^}]*\} 2/);
    expect(text).toMatch(/tandem_rpc_client_requests_total\{[^}]*code="unavailable"[^}]*\} 1/);
  });

  it("stay inside the budget", async () => {
    const { harness, calls, options } = await failing(1_000);
    const client = clientOf(harness, {
      breaker: false,
      deadlineMs: 200,
      retry: { attempts: 1_000, baseDelayMs: 40, maxDelayMs: 40 },
    });
    const error = await failureOf(client.getThing({ id: "a" }, options));
    expect(["test.down", "rpc.deadline_exceeded"]).toContain(error.code);
    expect(calls()).toBeLessThan(200);
  });

  it("give up on a slow attempt in time for another", async () => {
    let calls = 0;
    const harness = await start({
      getThing: ({ id }) => {
        calls += 1;
        return calls === 1 ? new Promise<never>(() => {}) : { id };
      },
    });
    const client = clientOf(harness, {
      deadlineMs: 15_000,
      breaker: false,
      retry: { attempts: 20, baseDelayMs: 1, attemptTimeoutMs: 500 },
    });
    expect((await client.getThing({ id: "a" }, bearer(await harness.token()))).id).toBe("a");
  });
});

describe("the circuit breaker", () => {
  it("opens after failures in a row, refuses without calling, and closes again", async () => {
    let calls = 0;
    let down = true;
    const harness = await start({
      ping: () => {
        calls += 1;
        if (down) throw new AppError("unavailable", "test.down", "down");
        return { text: "pong" };
      },
    });
    const metrics = createMetrics({ service: "test" });
    const client = clientOf(harness, {
      retry: { attempts: 1 },
      breaker: { consecutiveFailures: 3, halfOpenAfterMs: 2_000 },
      metrics,
    });
    for (let n = 0; n < 3; n += 1) expect((await failureOf(client.ping({}))).code).toBe("test.down");
    expect((await failureOf(client.ping({}))).code).toBe("circuit.open");
    expect(calls).toBe(3);
    expect(await metrics.text()).toMatch(/tandem_rpc_client_circuit_open\{[^}]*\} 1/);
    down = false;
    await pollUntil(async () => (await client.ping({}).catch(() => undefined))?.text === "pong");
    expect(await metrics.text()).toMatch(/tandem_rpc_client_circuit_open\{[^}]*\} 0/);
  });

  it("does not open for errors that are the caller's fault or about one thing of theirs, or for callers in a hurry", async () => {
    const harness = await start({
      getThing: ({ id }) => {
        if (id === "slow") return new Promise<never>(() => {});
        if (id === "young")
          throw new AppError("unavailable", "test.not_ready", "not ready", {
            details: [{ field: "id", rule: "ready", message: "not known here yet" }],
          });
        throw new AppError("not_found", "test.gone", "gone");
      },
    });
    const client = clientOf(harness, {
      retry: { attempts: 1 },
      breaker: { consecutiveFailures: 2 },
      deadlineMs: 5_000,
      safetyMs: 0,
    });
    const options = bearer(await harness.token());
    for (let n = 0; n < 4; n += 1)
      expect((await failureOf(client.getThing({ id: "a" }, options))).code).toBe("test.gone");
    for (let n = 0; n < 4; n += 1)
      expect((await failureOf(client.getThing({ id: "young" }, options))).code).toBe("test.not_ready");
    for (let n = 0; n < 4; n += 1) {
      const hurried = runInContext({ correlationId: "c", deadlineAt: Date.now() + 50 }, () =>
        failureOf(client.getThing({ id: "slow" }, options)),
      );
      expect((await hurried).code).toBe("rpc.deadline_exceeded");
    }
  });
});
