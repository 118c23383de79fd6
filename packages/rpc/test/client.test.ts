import { createServer, request as httpRequest, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { createAuthenticator, createServiceTokenSource } from "@tandem/auth";
import { AppError } from "@tandem/kernel";
import { createMetrics, runInContext } from "@tandem/runtime";
import { pollUntil } from "@tandem/testkit";
import { afterEach, describe, expect, it } from "vitest";
import { callOf, createRpcClient, direct, type RpcClientOptions, viaSidecar } from "../src/index.ts";
import { EchoService } from "./gen/tandem/rpctest/v1/echo_pb.ts";
import { bearer, type EchoHandlers, type Harness, startHarness } from "./harness.ts";

const opened: AsyncDisposable[] = [];
afterEach(async () => {
  for (const one of opened.splice(0).reverse()) await one[Symbol.asyncDispose]();
});
const start = async (handlers: EchoHandlers = {}, options = {}): Promise<Harness> => {
  const harness = await startHarness(handlers, options);
  opened.push(harness);
  return harness;
};
const clientOf = (harness: Harness, options: Partial<RpcClientOptions> = {}) => {
  const client = createRpcClient(EchoService, { target: direct(harness.httpUrl), ...options });
  opened.push(client);
  return client;
};
const failureOf = async (work: Promise<unknown>): Promise<AppError> => {
  const error = await work.then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  expect(error).toBeInstanceOf(AppError);
  return error as AppError;
};

describe("errors", () => {
  it.each(["connect", "grpc"] as const)("come back over %s as the AppError that the callee threw", async (protocol) => {
    const harness = await start({
      getThing: () => {
        throw new AppError("failed_precondition", "order.already_shipped", "The order has shipped.", {
          retryable: true,
          details: [{ field: "id", message: "shipped" }],
        });
      },
    });
    const client = clientOf(harness, {
      target: direct(protocol === "grpc" ? harness.grpcUrl : harness.httpUrl, protocol),
      retry: { attempts: 1 },
    });
    const error = await failureOf(client.getThing({ id: "a" }, bearer(await harness.token())));
    expect(error).toMatchObject({
      kind: "failed_precondition",
      code: "order.already_shipped",
      message: "The order has shipped.",
      retryable: true,
      details: [{ field: "id", message: "shipped" }],
    });
  });

  it("of a server that is not there are unavailable", async () => {
    const client = createRpcClient(EchoService, { target: direct("http://127.0.0.1:1"), retry: { attempts: 1 } });
    opened.push(client);
    expect(await failureOf(client.ping({}))).toMatchObject({
      kind: "unavailable",
      code: "rpc.unavailable",
      retryable: true,
    });
  });

  it.each([
    [500, '{"errorCode":"ERR_DIRECT_INVOKE","message":"failed to invoke"}'],
    [502, "bad gateway"],
    [503, "<html>"],
  ])("of a proxy (%i) are unavailable and tell nothing of its text", async (status, text) => {
    const { url } = await serve((_req, res) => res.writeHead(status, { "content-type": "text/plain" }).end(text));
    const client = createRpcClient(EchoService, { target: direct(url), retry: { attempts: 1 } });
    opened.push(client);
    const error = await failureOf(client.ping({}));
    expect([error.kind, error.code]).toEqual(["unavailable", "rpc.unavailable"]);
    expect(error.message).not.toContain(text);
  });

  it("that the server answers before any interceptor keep their slug as well", async () => {
    const go = Promise.withResolvers<void>();
    const harness = await start(
      { ping: () => go.promise.then(() => ({ text: "" })) },
      { limits: { bodyBytes: 1_000 } },
    );
    const client = clientOf(harness, { retry: { attempts: 1 } });
    const large = await failureOf(client.createThing({ name: "a".repeat(2_000) }, bearer(await harness.token())));
    expect([large.kind, large.code, large.retryable]).toEqual(["resource_exhausted", "request.too_large", false]);
    const held = client.ping({});
    await pollUntil(async () => /tandem_rpc_server_in_flight\{[^}]*\} 1/.test(await harness.metrics.text()));
    const drained = harness.server.drain();
    const draining = await failureOf(client.getThing({ id: "a" }, bearer(await harness.token())));
    expect([draining.kind, draining.code, draining.retryable]).toEqual(["unavailable", "rpc.shutting_down", true]);
    go.resolve();
    await Promise.all([held, drained]);
  });

  it("of a stream come as AppErrors too", async () => {
    const harness = await start({
      watchThing: async function* () {
        yield { number: 1 };
        throw new AppError("not_found", "order.not_found", "Gone.");
      },
    });
    const numbers: number[] = [];
    const read = async () => {
      for await (const { number } of clientOf(harness).watchThing({ id: "a" }, bearer(await harness.token())))
        numbers.push(number);
    };
    expect(await failureOf(read())).toMatchObject({ code: "order.not_found" });
    expect(numbers).toEqual([1]);
  });
});

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
    const error = await failureOf(clientOf(first, { deadlineMs: 300, retry: { attempts: 1 } }).ping({}));
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

  it("does not open for errors that are the caller's fault, or for callers in a hurry", async () => {
    const harness = await start({
      getThing: ({ id }) => {
        if (id === "slow") return new Promise<never>(() => {});
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
    for (let n = 0; n < 4; n += 1) {
      const hurried = runInContext({ correlationId: "c", deadlineAt: Date.now() + 50 }, () =>
        failureOf(client.getThing({ id: "slow" }, options)),
      );
      expect((await hurried).code).toBe("rpc.deadline_exceeded");
    }
  });
});

describe("identity, trace and correlation go on to the next hop", () => {
  const chainOfTwo = async (options: Partial<RpcClientOptions> = {}, secondHandlers: EchoHandlers = {}) => {
    const seen: Record<string, unknown>[] = [];
    const second = await start({
      getThing: ({ id }, context) => {
        const { principal, caller, correlationId } = callOf(context);
        seen.push({ subject: principal.subject, kind: principal.kind, caller: caller?.subject, correlationId });
        return { id };
      },
      ...secondHandlers,
    });
    const tokenSource = createServiceTokenSource({
      serviceName: "common-operations-worker",
      audience: "tandem",
      devIssuer: second.issuer,
    });
    const toSecond = clientOf(second, { tokenSource, ...options });
    // The first server verifies tokens of the second's issuer.
    const first = await start(
      { getThing: ({ id }) => toSecond.getThing({ id }) },
      {
        authenticator: createAuthenticator({ issuer: "http://dev.test", audience: "tandem", jwks: second.issuer.jwks }),
      },
    );
    return { first, second, toSecond, seen, token: await second.token({ customerId: "c-1" }) };
  };

  it("the user's token is forwarded, the service's stands beside it", async () => {
    const { first, seen, token } = await chainOfTwo();
    await first.http("/things/a", { token, headers: { "x-correlation-id": "cor-2" } });
    expect(seen).toEqual([
      { subject: "user-1", kind: "user", caller: "service:common-operations-worker", correlationId: "cor-2" },
    ]);
  });

  it("with identity service, the service calls for itself", async () => {
    const { first, seen, token } = await chainOfTwo({ identity: "service" });
    await first.http("/things/a", { token });
    expect(seen).toMatchObject([{ subject: "service:common-operations-worker", kind: "service", caller: undefined }]);
  });

  it.each([
    ["fails", () => Promise.reject(new AppError("unavailable", "auth.token_unavailable", "away"))],
    ["does not come", () => new Promise<string>(() => {})],
  ])("the user's token goes on alone when the service's own %s", async (_, token) => {
    const { first, seen, token: users } = await chainOfTwo({ tokenSource: { token } });
    expect((await first.http("/things/a", { token: users })).status).toBe(200);
    expect(seen).toMatchObject([{ subject: "user-1", caller: undefined }]);
  });

  it("without a user a call fails when the service's own token cannot be had", async () => {
    const away = { token: () => Promise.reject(new AppError("unavailable", "auth.token_unavailable", "away")) };
    const { toSecond } = await chainOfTwo({ tokenSource: away });
    expect(await failureOf(toSecond.getThing({ id: "a" }))).toMatchObject({ code: "auth.token_unavailable" });
  });

  it("outside of any call the service calls for itself", async () => {
    const { toSecond, seen } = await chainOfTwo();
    await toSecond.getThing({ id: "a" });
    expect(seen).toMatchObject([{ subject: "service:common-operations-worker", kind: "service" }]);
  });

  it("a callee that refuses the service's own token is our fault, not our caller's", async () => {
    const { toSecond } = await chainOfTwo();
    const error = await failureOf(toSecond.manageThing({ id: "a" }));
    expect([error.kind, error.code]).toEqual(["internal", "rpc.service_refused"]);
    expect((error.cause as AppError).code).toBe("auth.permission_denied");
  });

  it("both servers' spans are of one trace", async () => {
    const { first, second, token } = await chainOfTwo();
    const { json } = await first.http("/things/a", { token });
    expect(json.code).toBe(0);
    const ids = [first, second].map(({ spans }) => spans.getFinishedSpans().map((span) => span.spanContext().traceId));
    expect(ids[0]).toHaveLength(1);
    expect(ids[1]).toEqual(ids[0]);
  });
});

describe("the way there", () => {
  it("through a sidecar: the app id in a header, everything else as it is", async () => {
    const harness = await start();
    const seen: (string | undefined)[][] = [];
    const sidecar = await serve((req, res) => {
      seen.push([req.headers["dapr-app-id"] as string, req.headers["dapr-api-token"] as string, req.url]);
      const onward = httpRequest(
        `${harness.httpUrl}${req.url}`,
        { method: req.method ?? "POST", headers: req.headers },
        (answer) => {
          res.writeHead(answer.statusCode ?? 500, answer.headers);
          answer.pipe(res);
        },
      );
      req.pipe(onward);
    });
    const client = createRpcClient(EchoService, { target: viaSidecar(sidecar.url, "order", "secret") });
    opened.push(client);
    expect((await client.getThing({ id: "a" }, bearer(await harness.token()))).id).toBe("a");
    expect(seen).toEqual([["order", "secret", "/tandem.rpctest.v1.EchoService/GetThing"]]);
    expect((await failureOf(client.getThing({ id: "a" }))).code).toBe("auth.token_missing");
  });

  it("connections are reused, bounded, and closed with the client", async () => {
    const open = new Set<unknown>();
    let accepted = 0;
    const { url, server } = await serve((req, res) => {
      req.resume();
      req.on("end", () => res.writeHead(200, { "content-type": "application/proto" }).end());
    });
    server.on("connection", (socket) => {
      accepted += 1;
      open.add(socket);
      socket.on("close", () => open.delete(socket));
    });
    const client = createRpcClient(EchoService, { target: direct(url), maxConnections: 3 });
    for (let n = 0; n < 10; n += 1) await client.ping({});
    expect(accepted).toBe(1);
    await Promise.all(Array.from({ length: 30 }, () => client.ping({})));
    expect(accepted).toBeLessThanOrEqual(3);
    await client[Symbol.asyncDispose]();
    await pollUntil(() => open.size === 0);
  });
});

const serve = async (
  handler: Parameters<typeof createServer>[1],
): Promise<{ readonly url: string; readonly server: Server }> => {
  const server = createServer(handler as Parameters<typeof createServer>[1] & object);
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  opened.push({
    [Symbol.asyncDispose]: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  });
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, server };
};
