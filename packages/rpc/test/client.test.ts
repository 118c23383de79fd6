import { createServer, request as httpRequest, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { Code, ConnectError } from "@connectrpc/connect";
import { createAuthenticator, createServiceTokenSource } from "@tandem/auth";
import { AppError } from "@tandem/kernel";
import { pollUntil } from "@tandem/testkit";
import { describe, expect, it } from "vitest";
import { fromConnectError } from "../src/errors/from-connect-error.ts";
import { callOf, createRpcClient, direct, type RpcClientOptions, viaSidecar } from "../src/index.ts";
import { clientOf, failureOf, opened, start } from "./client-fixtures.ts";
import { EchoService } from "./gen/tandem/rpctest/v1/echo_pb.ts";
import { bearer, type EchoHandlers } from "./harness.ts";

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

  it.each([
    ["before it answers", ""],
    ["within its answer", "HTTP/1.1 200 OK\r\ncontent-type: application/proto\r\ncontent-length: 100\r\n\r\nabc"],
  ])("of a connection that is lost %s are unavailable", async (_, answer) => {
    const { url } = await serve((request) => request.socket.end(answer, () => request.socket.destroy()));
    const client = createRpcClient(EchoService, { target: direct(url), retry: { attempts: 1 } });
    opened.push(client);
    expect(await failureOf(client.ping({}))).toMatchObject({ code: "rpc.unavailable", retryable: true });
  });

  it.each([
    // What connect-node makes of a kept connection that its server closed a moment ago.
    [Object.assign(new Error("write EPIPE"), { code: "EPIPE", errno: -32, syscall: "write" }), "rpc.unavailable"],
    [Object.assign(new Error("Premature close"), { code: "ERR_STREAM_PREMATURE_CLOSE" }), "rpc.unavailable"],
    [new Error("of our own making"), "rpc.internal"],
  ])("that connect-node calls internal are told apart: %s", (reason, code) => {
    const call = { rpc: "some.Service/Call", signal: new AbortController().signal };
    const wrapped = new ConnectError("lost", Code.Internal, undefined, undefined, reason);
    expect(fromConnectError(wrapped, call).code).toBe(code);
    expect(fromConnectError(Object.assign(wrapped, { isWireError: true }), call).code).toBe("rpc.internal");
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
