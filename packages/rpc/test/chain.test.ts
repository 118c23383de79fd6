import { currentContext, currentTraceparent } from "@tandem/runtime";
import { pollUntil } from "@tandem/testkit";
import { afterEach, describe, expect, it } from "vitest";
import { CHAIN_ORDER, callOf } from "../src/index.ts";
import { bearer, type Harness, rawClient, startHarness } from "./harness.ts";

let harness: Harness;
afterEach(() => harness?.[Symbol.asyncDispose]());

const counted = async (pattern: RegExp): Promise<number> => {
  const line = (await harness.metrics.text()).split("\n").find((one) => pattern.test(one));
  return line === undefined ? 0 : Number(line.split(" ").at(-1));
};
const requests = (code: string, protocol = "rest") =>
  counted(
    new RegExp(
      `^tandem_rpc_server_requests_total\\{(?=.*rpc_method="GetThing")(?=.*protocol="${protocol}")(?=.*code="${code}")`,
    ),
  );

describe("the eight interceptors", () => {
  it("stand in the order of the design", () => {
    expect(CHAIN_ORDER).toEqual([
      "trace",
      "correlation",
      "log",
      "recover",
      "measure",
      "rate-limit",
      "auth",
      "map-errors",
    ]);
  });

  it("1 and 2 before 3: the line of a refused call carries trace and correlation id", async () => {
    harness = await startHarness();
    const { json, headers } = await harness.http("/things/a", {
      token: null,
      headers: { "x-correlation-id": "cor-7" },
    });
    expect(headers.get("x-correlation-id")).toBe("cor-7");
    expect(harness.log.lines.find(({ msg }) => msg === "call refused")).toMatchObject({
      trace_id: json.traceId,
      correlationId: "cor-7",
      slug: "auth.token_missing",
    });
  });

  it("3 before 4: a thrown TypeError is logged as the internal error that it became", async () => {
    harness = await startHarness({ getThing: () => (undefined as unknown as { id: () => string }).id() as never });
    expect((await harness.http("/things/a")).status).toBe(500);
    expect(harness.log.lines.find(({ msg }) => msg === "call failed")).toMatchObject({
      code: "internal",
      err: { type: "TypeError" },
    });
  });

  it("4 before 5: a bug in an interceptor below recovery is an internal error without text, and the server lives", async () => {
    harness = await startHarness();
    const gauge = harness.metrics.gauge({ name: "tandem_rpc_server_in_flight", help: "", labels: ["rpc_service"] });
    const working = gauge.inc.bind(gauge);
    gauge.inc = () => {
      throw new Error("hunter2");
    };
    const { status, text } = await harness.http("/things/a");
    expect([status, text.includes("hunter2")]).toEqual([500, false]);
    gauge.inc = working;
    expect((await harness.http("/things/a")).status).toBe(200);
  });

  it("5 before 6 and 7: refusals are counted with their code", async () => {
    harness = await startHarness({}, { limits: { rates: { anonymous: { perSecond: 0.001, burst: 1 } } } });
    await harness.http("/things/a", { token: null });
    await harness.http("/things/a", { token: null });
    await harness.http("/things/a");
    expect([await requests("unauthenticated"), await requests("resource_exhausted"), await requests("ok")]).toEqual([
      1, 1, 1,
    ]);
    expect(await counted(/^tandem_rpc_server_in_flight\{/)).toBe(0);
  });

  it("6 before 7: beyond the rate a bad token gets 429, not 401", async () => {
    harness = await startHarness({}, { limits: { rates: { anonymous: { perSecond: 0.001, burst: 1 } } } });
    expect((await harness.http("/things/a", { token: "bad.bad.bad" })).status).toBe(401);
    const { status, headers, json } = await harness.http("/things/a", { token: "worse.bad.bad" });
    expect([status, json.error, json.retryable]).toEqual([429, "rpc.rate_limited", true]);
    expect(Number(headers.get("retry-after"))).toBeGreaterThan(0);
  });

  it("7 before 8 and validation: who may not call does not learn what is wrong with the request", async () => {
    harness = await startHarness();
    const { status, json } = await harness.http(`/things/${"a".repeat(50)}`, { token: null });
    expect([status, json.error]).toEqual([401, "auth.token_missing"]);
  });

  it("refuse before the body is read, and once only", async () => {
    harness = await startHarness();
    const { status, json } = await harness.http("/things", { method: "POST", body: "{not json", token: null });
    expect([status, json.error]).toEqual([401, "auth.token_missing"]);
    expect(harness.log.lines.filter(({ msg }) => msg === "call refused")).toHaveLength(1);
  });
});

describe("the call's context", () => {
  it("reaches the handler: principal, correlation, deadline, trace, all current across awaits", async () => {
    let seen: Record<string, unknown> = {};
    harness = await startHarness({
      getThing: async ({ id }, context) => {
        await new Promise((resolve) => setImmediate(resolve));
        const call = callOf(context);
        seen = {
          subject: call.principal.subject,
          customerId: call.principal.customerId,
          protocol: call.protocol,
          correlationId: call.correlationId,
          current: currentContext(),
          traceparent: currentTraceparent(),
          remainingMs: call.remainingMs(),
        };
        return { id };
      },
    });
    const token = await harness.token({ customerId: "c-9" });
    const traceparent = `00-${"a".repeat(32)}-${"b".repeat(16)}-01`;
    await harness.http("/things/a", {
      token,
      headers: { "x-correlation-id": "cor-1", traceparent, "request-timeout": "2.5" },
    });
    expect(seen).toMatchObject({
      subject: "user-1",
      customerId: "c-9",
      protocol: "rest",
      correlationId: "cor-1",
      current: { correlationId: "cor-1", subject: "user-1" },
    });
    expect(seen["traceparent"]).toMatch(new RegExp(`^00-${"a".repeat(32)}-`));
    expect(seen["remainingMs"]).toBeGreaterThan(0);
    expect(seen["remainingMs"]).toBeLessThanOrEqual(2_500);
    expect(
      harness.spans.getFinishedSpans().map(({ name, parentSpanContext }) => [name, parentSpanContext?.spanId]),
    ).toEqual([["tandem.rpctest.v1.EchoService/GetThing", "b".repeat(16)]]);
  });

  it("stays current while a stream is produced, and its span ends with it", async () => {
    const seen: (string | undefined)[] = [];
    harness = await startHarness({
      watchThing: async function* () {
        for (let number = 0; number < 3; number += 1) {
          await new Promise((resolve) => setImmediate(resolve));
          seen.push(currentContext()?.correlationId);
          yield { number };
        }
      },
    });
    const options = { headers: { ...bearer(await harness.token()).headers, "x-correlation-id": "cor-s" } };
    for await (const _ of rawClient(harness, "grpc").watchThing({ id: "a" }, options)) {
      // Read to the end.
    }
    expect(seen).toEqual(["cor-s", "cor-s", "cor-s"]);
    await pollUntil(() => harness.spans.getFinishedSpans().length === 1);
  });

  it.each(["", "a b", "x".repeat(129), "é"])("a correlation id like %j is replaced by our own", async (given) => {
    harness = await startHarness();
    const { headers } = await harness.http("/ping", {
      headers: { "x-correlation-id": encodeURIComponent(given) === given ? given : "a b" },
    });
    expect(headers.get("x-correlation-id")).toMatch(/^[0-9a-f-]{36}$/);
  });
});

describe("the rate limit", () => {
  it("gives each user a bucket of its own, one for reads and one for writes", async () => {
    const rates = { read: { perSecond: 0.001, burst: 2 }, write: { perSecond: 0.001, burst: 1 } };
    harness = await startHarness({}, { limits: { rates } });
    const [ada, bob] = await Promise.all([harness.token({ subject: "ada" }), harness.token({ subject: "bob" })]);
    const read = async (token: string) => (await harness.http("/things/a", { token })).status;
    const write = async (token: string) =>
      (await harness.http("/things", { method: "POST", body: '{"name":"a"}', token })).status;
    expect([await read(ada), await read(ada), await read(ada)]).toEqual([200, 200, 429]);
    expect([await write(ada), await write(ada)]).toEqual([200, 429]);
    expect([await read(bob), await write(bob)]).toEqual([200, 200]);
  });

  it("tells what is left on every answer", async () => {
    harness = await startHarness({}, { limits: { rates: { read: { perSecond: 0.001, burst: 5 } } } });
    const { headers } = await harness.http("/things/a");
    expect([headers.get("ratelimit-limit"), headers.get("ratelimit-remaining")]).toEqual(["5", "4"]);
  });

  it("does not give made-up tokens buckets of their own", async () => {
    harness = await startHarness({}, { limits: { rates: { anonymous: { perSecond: 0.001, burst: 3 } } } });
    const statuses: number[] = [];
    for (let n = 0; n < 5; n += 1) statuses.push((await harness.http("/ping", { token: `made.up.${n}` })).status);
    expect(statuses).toEqual([401, 401, 401, 429, 429]);
  });

  it("counts behind trusted proxies by the address that the last of them saw", async () => {
    const limits = { trustedProxies: 1, rates: { anonymous: { perSecond: 0.001, burst: 1 } } };
    harness = await startHarness({}, { limits });
    const from = async (forwarded: string) =>
      (await harness.http("/ping", { token: null, headers: { "x-forwarded-for": forwarded } })).status;
    expect([await from("6.6.6.6, 1.1.1.1"), await from("7.7.7.7, 1.1.1.1"), await from("2.2.2.2")]).toEqual([
      200, 429, 200,
    ]);
  });

  it("leaves callers without a token to a door that is trusted, and to nobody else", async () => {
    const limits = { trustedDoors: ["gateway"], rates: { anonymous: { perSecond: 0.001, burst: 1 } } };
    harness = await startHarness({}, { limits });
    const through = async (caller: string) => {
      const headers = { "dapr-caller-app-id": caller, "x-tandem-client-address": "9.9.9.9" };
      return (await harness.http("/ping", { token: null, headers })).status;
    };
    expect([await through("gateway"), await through("gateway")]).toEqual([200, 200]);
    expect([await through("order"), await through("order"), await through("gateway")]).toEqual([200, 429, 200]);
  });

  it("can be switched off", async () => {
    harness = await startHarness({}, { limits: { rates: false } });
    expect((await harness.http("/ping")).headers.get("ratelimit-limit")).toBeNull();
  });
});

describe("auth", () => {
  it("refuses a bad token on public methods too", async () => {
    harness = await startHarness();
    const { status, json, headers } = await harness.http("/ping", { token: "a.b.c" });
    expect([status, json.error]).toEqual([401, "auth.token_malformed"]);
    expect(headers.get("www-authenticate")).toContain("Bearer");
  });

  it("closes methods without the access option to everyone", async () => {
    harness = await startHarness();
    for (const token of [
      null,
      await harness.token({ roles: ["operator"] }),
      await harness.token({ subject: "service:order", kind: "service" }),
    ]) {
      const { status, json } = await harness.http("/closed", { token });
      expect([status, json.error]).toEqual([403, "auth.method_closed"]);
    }
  });

  it("takes the calling service from its own header, and only a service", async () => {
    let caller: string | undefined;
    harness = await startHarness({
      getThing: ({ id }, context) => {
        caller = callOf(context).caller?.subject;
        return { id };
      },
    });
    const service = await harness.token({ subject: "service:order", kind: "service" });
    const ok = await harness.http("/things/a", { headers: { "x-tandem-service-authorization": `Bearer ${service}` } });
    expect([ok.status, caller]).toEqual([200, "service:order"]);
    const user = await harness.token();
    const refused = await harness.http("/things/a", {
      headers: { "x-tandem-service-authorization": `Bearer ${user}` },
    });
    expect([refused.status, refused.json.error]).toEqual([401, "auth.token_claims_invalid"]);
  });

  it("a service's token beside the user's lends the user no permission", async () => {
    harness = await startHarness();
    const service = await harness.token({ subject: "service:common-operations-worker", kind: "service" });
    expect((await harness.http("/things/a", { token: service })).status).toBe(200);
    const { status } = await harness.http("/things/a", {
      token: await harness.token({ roles: [] }),
      headers: { "x-tandem-service-authorization": `Bearer ${service}` },
    });
    expect(status).toBe(403);
  });
});
