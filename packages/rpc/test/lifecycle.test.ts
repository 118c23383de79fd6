import { execFile } from "node:child_process";
import { Agent, request } from "node:http";
import { connect as connectH2 } from "node:http2";
import { join } from "node:path";
import { promisify } from "node:util";
import { createClient } from "@connectrpc/connect";
import { createGrpcTransport } from "@connectrpc/connect-node";
import { files } from "@tandem/contracts";
import { pollUntil } from "@tandem/testkit";
import { afterEach, describe, expect, it } from "vitest";
import { Health, HealthCheckResponse_ServingStatus as Status } from "../src/gen/grpc/health/v1/health_pb.ts";
import { registerService } from "../src/index.ts";
import { describeApi } from "../src/server/openapi.ts";
import { EchoService } from "./gen/tandem/rpctest/v1/echo_pb.ts";
import { type EchoHandlers, echoHandlers, type Harness, rawClient, startHarness } from "./harness.ts";

let harness: Harness;
afterEach(() => harness?.[Symbol.asyncDispose]());
const healthClient = () => createClient(Health, createGrpcTransport({ baseUrl: harness.grpcUrl }));
const buf = join(import.meta.dirname, "../../../node_modules/.bin/buf");
const service = "tandem.rpctest.v1.EchoService";

describe("probes and metrics", () => {
  it("answer without a token, and say what is wrong", async () => {
    harness = await startHarness();
    const remove = harness.health.addCheck("postgres", () => Promise.reject(new Error("connection refused")));
    expect((await harness.http("/livez", { token: null })).status).toBe(200);
    const unready = await harness.http("/readyz", { token: null });
    expect([unready.status, unready.json.checks.postgres]).toEqual([503, { ok: false, error: "connection refused" }]);
    remove();
    expect((await harness.http("/readyz", { token: null })).status).toBe(200);
    await harness.http("/ping");
    const metrics = await harness.http("/metrics", { token: null });
    expect(metrics.headers.get("content-type")).toContain("text/plain");
    expect(metrics.text).toMatch(
      /tandem_rpc_server_requests_total\{rpc_service="tandem.rpctest.v1.EchoService",rpc_method="Ping",protocol="rest",code="ok"[^}]*\} 1/,
    );
    expect(metrics.text).toMatch(/tandem_rpc_server_duration_seconds_count\{[^}]*rpc_method="Ping"[^}]*\} 1/);
  });

  it("are not counted as refused or in flight", async () => {
    harness = await startHarness();
    await harness.http("/readyz");
    await harness.http("/nowhere");
    const text = await pollUntil(async () => {
      const now = await harness.metrics.text();
      return now.includes("tandem_rpc_server_refused_total{") && now;
    });
    expect(text).toMatch(/tandem_rpc_server_refused_total\{protocol="rest",status="404"[^}]*\} 1/);
    expect(text).not.toMatch(/status="200"/);
  });
});

describe("/openapi.json", () => {
  it("describes routes, envelope, headers, permissions and errors, without a token", async () => {
    harness = await startHarness({}, { name: "echo", version: "2.1.0" });
    const { status, json } = await harness.http("/openapi.json", { token: null });
    expect([status, json.openapi, json.info]).toEqual([200, "3.1.0", { title: "echo", version: "2.1.0" }]);
    const create = json.paths["/things"].post;
    expect(create.security).toEqual([{ bearer: [] }]);
    expect(create.parameters.map(({ name }: { name: string }) => name)).toContain("Idempotency-Key");
    expect(create.responses["403"].description).toContain("order.create");
    expect(create.responses["200"].content["application/json"].schema.properties.code).toEqual({
      type: "integer",
      const: 0,
    });
    const ping = json.paths["/ping"].get;
    expect([ping.security, ping.responses["401"], ping.responses["403"]]).toEqual([[], undefined, undefined]);
    expect(ping.parameters.map(({ name }: { name: string }) => name)).not.toContain("Idempotency-Key");
    expect(json.components.schemas.Error.required).toContain("error");
  });

  it("describes every service of the platform", () => {
    const services = files.flatMap((file) => file.services);
    const document = describeApi("tandem", "1", services);
    expect(Object.keys(document.paths).length).toBeGreaterThan(30);
    expect(document.paths["/orders"]?.["post"]).toMatchObject({
      summary: "Quotes the lines, then stores the order and starts its checkout.",
      description: expect.stringMatching(/^Errors: order\.total_changed, /),
    });
  });
});

describe("grpc.health.v1", () => {
  it("Check says per service what /readyz says", async () => {
    harness = await startHarness();
    const client = healthClient();
    expect((await client.check({ service: "" })).status).toBe(Status.SERVING);
    expect((await client.check({ service })).status).toBe(Status.SERVING);
    harness.health.setServing(false);
    expect((await client.check({ service })).status).toBe(Status.NOT_SERVING);
    await expect(client.check({ service: "unknown.Service" })).rejects.toMatchObject({ code: 5 });
  });

  it("Watch tells every change once, and a failing dependency too", async () => {
    harness = await startHarness();
    const statuses: Status[] = [];
    const stop = new AbortController();
    const watching = (async () => {
      for await (const { status } of healthClient().watch({ service }, { signal: stop.signal })) statuses.push(status);
    })().catch(() => undefined);
    await pollUntil(() => statuses.length === 1, { timeoutMs: 4_000 });
    harness.health.setServing(false);
    await pollUntil(() => statuses.length === 2, { timeoutMs: 4_000 });
    harness.health.setServing(true);
    await pollUntil(() => statuses.length === 3, { timeoutMs: 4_000 });
    const remove = harness.health.addCheck("postgres", () => Promise.reject(new Error("down")));
    await harness.http("/readyz");
    await pollUntil(() => statuses.length === 4, { timeoutMs: 4_000 });
    remove();
    expect(statuses).toEqual([Status.SERVING, Status.NOT_SERVING, Status.SERVING, Status.NOT_SERVING]);
    stop.abort();
    await watching;
  });

  it("Watch of an unknown service says so and stays open", async () => {
    harness = await startHarness();
    const stop = new AbortController();
    const stream = healthClient()
      .watch({ service: "unknown.Service" }, { signal: stop.signal })
      [Symbol.asyncIterator]();
    expect((await stream.next()).value?.status).toBe(Status.SERVICE_UNKNOWN);
    stop.abort();
    await expect(stream.next()).rejects.toBeDefined();
  });
});

describe("buf curl", () => {
  const curl = async (method: string, ...args: string[]) => {
    const { stdout } = await promisify(execFile)(buf, [
      "curl",
      "--protocol",
      "grpc",
      "--http2-prior-knowledge",
      ...args,
      `${harness.grpcUrl}/${method}`,
    ]);
    return JSON.parse(stdout || "{}");
  };

  it("calls by reflection, without our proto files", async () => {
    harness = await startHarness();
    const answer = await curl(
      `${service}/GetThing`,
      "-H",
      `authorization: Bearer ${await harness.token()}`,
      "-d",
      '{"id":"a"}',
    );
    expect(answer).toEqual({ id: "a" });
    expect(await curl("grpc.health.v1.Health/Check", "-d", "{}")).toEqual({ status: "SERVING" });
  });
});

/** A handler that waits to be let go, and says when it has begun. */
const holding = () => {
  const begun = Promise.withResolvers<void>();
  const go = Promise.withResolvers<void>();
  const handlers: EchoHandlers = {
    ping: async () => {
      begun.resolve();
      await go.promise;
      return { text: "late pong" };
    },
  };
  return { begun: begun.promise, go: go.resolve, handlers };
};

describe("drain", () => {
  it("lets the call in flight finish, refuses new ones politely, and keeps probes and metrics", async () => {
    const { begun, go, handlers } = holding();
    harness = await startHarness(handlers);
    const inFlight = harness.http("/ping");
    await begun;
    let drained = false;
    const draining = harness.server.drain().then(() => {
      drained = true;
    });
    const refused = await harness.http("/things/a");
    expect([refused.status, refused.json.error, refused.json.retryable]).toEqual([503, "rpc.shutting_down", true]);
    expect(refused.headers.get("connection")).toBe("close");
    expect((await harness.http("/readyz")).status).toBe(503);
    expect((await harness.http("/livez")).status).toBe(200);
    expect((await harness.http("/metrics")).status).toBe(200);
    expect(drained).toBe(false);
    go();
    expect((await inFlight).json.data.text).toBe("late pong");
    await draining;
  });

  it("sends GOAWAY on HTTP/2, where the stream in flight still ends well", async () => {
    const { begun, go, handlers } = holding();
    harness = await startHarness(handlers);
    const session = connectH2(harness.grpcUrl);
    const goaway = new Promise<void>((resolve) => session.once("goaway", () => resolve()));
    const body = await new Promise<string>((resolve, reject) => {
      const stream = session.request({
        ":path": `/${service}/Ping`,
        ":method": "POST",
        "content-type": "application/json",
      });
      let text = "";
      stream.on("data", (chunk) => (text += chunk));
      stream.on("end", () => resolve(text));
      stream.on("error", reject);
      stream.end("{}");
      begun
        .then(async () => {
          void harness.server.drain();
          await goaway;
          go();
        })
        .catch(reject);
    });
    expect(JSON.parse(body)).toEqual({ text: "late pong" });
    await expect(rawClient(harness, "grpc").ping({})).rejects.toMatchObject({ code: 14 });
    session.destroy();
  });

  it("tells those who watch the health", async () => {
    harness = await startHarness();
    const statuses: Status[] = [];
    const watching = (async () => {
      for await (const { status } of healthClient().watch({ service })) statuses.push(status);
    })().catch(() => undefined);
    await pollUntil(() => statuses.length === 1);
    await harness.server.drain();
    await pollUntil(() => statuses.at(-1) === Status.NOT_SERVING);
    await harness.server.stop(0);
    await watching;
  });

  it("counts a stream as in flight until its end", async () => {
    const go = Promise.withResolvers<void>();
    harness = await startHarness({
      watchThing: async function* () {
        yield { number: 1 };
        await go.promise;
        yield { number: 2 };
      },
    });
    const stream = rawClient(harness, "grpc")
      .watchThing({ id: "a" }, { headers: { authorization: `Bearer ${await harness.token()}` } })
      [Symbol.asyncIterator]();
    expect((await stream.next()).value?.number).toBe(1);
    let drained = false;
    const draining = harness.server.drain().then(() => {
      drained = true;
    });
    await new Promise((resolve) => setImmediate(resolve));
    expect(drained).toBe(false);
    go.resolve();
    expect((await stream.next()).value?.number).toBe(2);
    expect((await stream.next()).done).toBe(true);
    await draining;
  });
});

describe("an old HTTP/2 connection", () => {
  it("gets GOAWAY, and clients go on over a new one", async () => {
    harness = await startHarness({}, { limits: { maxConnectionAgeMs: 20 } });
    const session = connectH2(harness.grpcUrl);
    await new Promise((resolve) => session.once("goaway", resolve));
    session.destroy();
    const client = rawClient(harness, "grpc");
    let answered = 0;
    await pollUntil(async () => {
      answered += (await client.ping({})).text === "pong" ? 1 : 0;
      return answered >= 20;
    });
  });
});

describe("stop", () => {
  it("is bounded: a call that does not end is cut off, told why, and its handler's signal aborts", async () => {
    let reason: unknown;
    const begun = Promise.withResolvers<void>();
    harness = await startHarness({
      ping: (_request, { signal }) =>
        new Promise(() => {
          signal.addEventListener("abort", () => {
            reason = signal.reason;
          });
          begun.resolve();
        }),
    });
    const inFlight = harness.http("/ping");
    await begun.promise;
    await harness.server.stop(50);
    const answer = await inFlight;
    expect([answer.status, answer.json.error]).toEqual([503, "rpc.shutting_down"]);
    expect(reason).toBeDefined();
  });

  it("closes both ports, can be repeated, and idle keep-alive connections do not hold it", async () => {
    harness = await startHarness();
    const agent = new Agent({ keepAlive: true });
    await new Promise<void>((resolve, reject) => {
      request(`${harness.httpUrl}/livez`, { agent }, (res) => res.resume().on("end", resolve))
        .on("error", reject)
        .end();
    });
    const session = connectH2(harness.grpcUrl);
    await new Promise((resolve) => session.once("connect", resolve));
    await Promise.all([harness.server.stop(), harness.server.stop()]);
    await harness.server.stop();
    await expect(harness.http("/livez")).rejects.toThrow();
    await expect(rawClient(harness, "grpc").ping({})).rejects.toBeDefined();
    agent.destroy();
  });
});

describe("start", () => {
  it("fails with the listener's error when a port is taken, and leaves the other free", async () => {
    harness = await startHarness();
    await expect(startHarness({}, { grpcPort: harness.grpcPort })).rejects.toMatchObject({ code: "EADDRINUSE" });
    await expect(startHarness({}, { httpPort: harness.httpPort })).rejects.toMatchObject({ code: "EADDRINUSE" });
  });

  it("takes handlers of a class, bound to their object", async () => {
    class Echo {
      readonly #text = "from a class";
      ping() {
        return { text: this.#text };
      }
    }
    harness = await startHarness(
      {},
      { services: [registerService(EchoService, { ...echoHandlers, ping: new Echo().ping.bind(new Echo()) })] },
    );
    expect((await harness.http("/ping")).json.data.text).toBe("from a class");
    await harness.server.stop(0);
    harness = await startHarness({}, { services: [registerService(EchoService, new Echo())] });
    expect((await harness.http("/ping")).json.data.text).toBe("from a class");
  });
});
