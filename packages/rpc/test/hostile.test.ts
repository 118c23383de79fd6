import { connect as connectH2 } from "node:http2";
import { connect, type Socket } from "node:net";
import { gzipSync } from "node:zlib";
import { pollUntil } from "@tandem/testkit";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { bearer, type Harness, rawClient, startHarness } from "./harness.ts";

let harness: Harness;
/** The same, with little patience: for senders that never finish. Not asked anything else, as a busy machine is slow too. */
let hasty: Harness;
beforeAll(async () => {
  harness = await startHarness({}, { limits: { rates: false, bodyBytes: 10_000 } });
  hasty = await startHarness({}, { limits: { headersTimeoutMs: 200, requestTimeoutMs: 400 } });
});
afterAll(async () => {
  await harness[Symbol.asyncDispose]();
  await hasty[Symbol.asyncDispose]();
});
afterEach(async () => {
  // After each attack the server answers as before.
  expect((await harness.http("/ping", { token: null })).json).toEqual({ code: 0, data: { text: "pong" } });
});

const create = (body: string, headers: Record<string, string> = {}) =>
  harness.http("/things", { method: "POST", body, headers });
const connectJson = (body: string, headers: Record<string, string> = {}) =>
  harness.http("/tandem.rpctest.v1.EchoService/CreateThing", { method: "POST", body, headers });

describe("a malformed request gets a 4xx that says what is wrong, without a stack", () => {
  const rest: readonly [rule: string, body: string, status: number, slug: string, mentions: RegExp][] = [
    ["no JSON", "{", 400, "malformed_json", /JSON/],
    ["empty text where JSON is due", "", 400, "request.invalid", /name/],
    ["a list", "[]", 400, "invalid_field", /./],
    ["null", "null", 400, "invalid_field", /./],
    ["an unknown field", '{"name":"a","colour":"red"}', 400, "unknown_field", /colour/],
    ["an unknown field deep inside", '{"name":"a","parts":[{"partCount":1,"x":1}]}', 400, "unknown_field", /x/],
    ["a number for a text", '{"name":7}', 400, "invalid_field", /name/],
    ["a text for a number", '{"name":"a","amountMinor":"ten"}', 400, "invalid_field", /amountMinor/],
    ["a number over int64", '{"name":"a","amountMinor":"9223372036854775808"}', 400, "invalid_field", /amountMinor/],
    ["a fraction of an integer", '{"name":"a","amountMinor":1.5}', 400, "invalid_field", /amountMinor/],
    ["a negative amount", '{"name":"a","amountMinor":"-1"}', 400, "request.invalid", /amountMinor/],
    [
      "too many items",
      '{"name":"a","parts":[{"partCount":1},{"partCount":1},{"partCount":1},{"partCount":1}]}',
      400,
      "request.invalid",
      /parts/,
    ],
    ["a key given twice", '{"name":"a","name":"b"}', 400, "malformed_json", /name/],
    ["a prototype", '{"__proto__":{"name":"a"}}', 400, "unknown_field", /__proto__/],
    ["broken UTF-16", '{"name":"\\ud800"}', 400, "invalid_field", /./],
    ["deep nesting", `${"[".repeat(4_000)}${"]".repeat(4_000)}`, 400, "invalid_field", /./],
  ];
  it.each(rest)("REST: %s", async (_rule, body, status, slug, mentions) => {
    const answer = await create(body);
    expect([answer.status, answer.json.error]).toEqual([
      status,
      slug === "request.invalid" ? slug : "request.malformed",
    ]);
    if (slug !== "request.invalid") expect(answer.json.details[0].rule).toBe(slug);
    expect(answer.json.code).toBeGreaterThan(0);
    expect(`${answer.json.message} ${JSON.stringify(answer.json.details)}`).toMatch(mentions);
    expect(answer.text).not.toMatch(/\bat .*\.(ts|js):|node_modules/);
  });

  it.each([
    ["no JSON", "{", /JSON/],
    ["an unknown field", '{"name":"a","colour":"red"}', /colour/],
    ["a number for a text", '{"name":7}', /name/],
    ["a number over int64", '{"name":"a","amountMinor":"9223372036854775808"}', /amountMinor|int64/],
  ])("Connect JSON: %s", async (_rule, body, mentions) => {
    const answer = await connectJson(body);
    expect([answer.status, answer.json.code]).toEqual([400, "invalid_argument"]);
    expect(answer.json.message).toMatch(mentions);
    expect(answer.text).not.toMatch(/\bat .*\.(ts|js):|node_modules/);
  });

  it.each([
    ["another content type on REST", "/things", { "content-type": "text/xml" }, 415],
    [
      "another content type on Connect",
      "/tandem.rpctest.v1.EchoService/CreateThing",
      { "content-type": "text/xml" },
      415,
    ],
    ["a compression nobody knows", "/things", { "content-encoding": "zstd" }, 415],
    [
      "gRPC framing without gRPC",
      "/tandem.rpctest.v1.EchoService/CreateThing",
      { "content-type": "application/grpc" },
      415,
    ],
    ["a timeout that is none on REST", "/things", { "request-timeout": "soon" }, 400],
    [
      "a timeout that is none on Connect",
      "/tandem.rpctest.v1.EchoService/CreateThing",
      { "connect-timeout-ms": "soon" },
      400,
    ],
    [
      "a timeout beyond any timer is cut to the longest allowed",
      "/tandem.rpctest.v1.EchoService/CreateThing",
      { "connect-timeout-ms": "9999999999" },
      200,
    ],
  ])("%s -> %s", async (_rule, path, headers, status) => {
    expect((await harness.http(path, { method: "POST", body: '{"name":"a"}', headers })).status).toBe(status);
  });

  it.each([
    ["GET", "/nowhere", 404, "request.route_not_found"],
    ["GET", "/", 404, "request.route_not_found"],
    ["GET", "/..%2f..%2fetc/passwd", 404, "request.route_not_found"],
    ["PATCH", "/things", 405, "request.method_not_allowed"],
    ["GET", "/things/%ff", 400, "request.malformed"],
    ["GET", "/things/a?colour=red", 400, "request.malformed"],
    ["GET", `/things/${"a".repeat(41)}`, 400, "request.invalid"],
  ])("%s %s -> %i %s", async (method, path, status, slug) => {
    const answer = await harness.http(path, { method });
    expect([answer.status, answer.json.error]).toEqual([status, slug]);
  });
});

it("an unknown procedure is unimplemented, as Connect clients expect", async () => {
  const answer = await harness.http("/tandem.rpctest.v1.EchoService/Nothing", { method: "POST", body: "{}" });
  expect([answer.status, answer.json.code]).toEqual([404, "unimplemented"]);
});

describe("a body over the limit", () => {
  const large = JSON.stringify({ name: "a".repeat(20_000) });

  it.each(["/things", "/tandem.rpctest.v1.EchoService/CreateThing"])(
    "is refused by its length at %s, and the connection closes",
    async (path) => {
      const answer = await harness.http(path, { method: "POST", body: large });
      expect([answer.status, answer.headers.get("connection")]).toEqual([413, "close"]);
      if (path === "/things") expect(answer.json.error).toBe("request.body_too_large");
      else expect(answer.json.code).toBe("resource_exhausted");
    },
  );

  it.each([
    ["/things", [413]],
    ["/tandem.rpctest.v1.EchoService/CreateThing", [413, 429]],
  ])("is refused without a length too, at %s", async (path, statuses) => {
    const stream = new ReadableStream({
      start: (controller) => {
        controller.enqueue(new TextEncoder().encode(large));
        controller.close();
      },
    });
    const answer = await fetch(`${harness.httpUrl}${path}`, {
      method: "POST",
      headers: { authorization: `Bearer ${await harness.token()}`, "content-type": "application/json" },
      body: stream,
      duplex: "half",
    } as RequestInit);
    expect(statuses).toContain(answer.status);
    await answer.text();
  });

  it("is refused when it only unfolds to that size", async () => {
    const bomb = gzipSync(JSON.stringify({ name: "a".repeat(5_000_000) }));
    expect(bomb.byteLength).toBeLessThan(10_000);
    const answer = await fetch(`${harness.httpUrl}/tandem.rpctest.v1.EchoService/CreateThing`, {
      method: "POST",
      headers: {
        authorization: `Bearer ${await harness.token()}`,
        "content-type": "application/json",
        "content-encoding": "gzip",
      },
      body: bomb,
    });
    expect([answer.status, ((await answer.json()) as { code: string }).code]).toEqual([429, "resource_exhausted"]);
  });

  it("is refused over gRPC", async () => {
    const work = rawClient(harness, "grpc").createThing({ name: "a".repeat(20_000) }, bearer(await harness.token()));
    await expect(work).rejects.toMatchObject({ code: 8 });
  });
});

describe("a bad token", () => {
  const rows: readonly [rule: string, authorization: () => Promise<string>, status: number, slug: string][] = [
    ["none", async () => "", 401, "auth.token_malformed"],
    ["another scheme", async () => "Basic dXNlcjpwYXNz", 401, "auth.token_malformed"],
    ["no token behind the scheme", async () => "Bearer", 401, "auth.token_malformed"],
    ["rubbish", async () => "Bearer rubbish", 401, "auth.token_malformed"],
    [
      "two tokens",
      async () => `Bearer ${await harness.token()}, Bearer ${await harness.token()}`,
      401,
      "auth.token_malformed",
    ],
    [
      "a token for another audience",
      async () => `Bearer ${await harness.issuer.mint({ subject: "u", roles: ["customer"], audience: "other" })}`,
      401,
      "auth.token_wrong_audience",
    ],
    [
      "a role without the permission",
      async () => `Bearer ${await harness.token({ roles: ["seller"] })}`,
      403,
      "auth.permission_denied",
    ],
    ["no role", async () => `Bearer ${await harness.token({ roles: [] })}`, 403, "auth.permission_denied"],
  ];
  it.each(rows)("%s", async (_rule, authorization, status, slug) => {
    const answer = await harness.http("/things", {
      method: "POST",
      body: '{"name":"a"}',
      token: null,
      headers: { authorization: await authorization() },
    });
    expect([answer.status, answer.json.error]).toEqual([status, slug]);
  });

  it("is never written to the log", async () => {
    const token = await harness.token({ roles: [] });
    await harness.http("/things/a", { token });
    const signature = token.split(".")[2] as string;
    expect(JSON.stringify(harness.log.lines)).not.toContain(signature);
  });
});

describe("bytes that are not quite HTTP", () => {
  const raw = (text: string, port = harness.httpPort): Promise<string> =>
    new Promise((resolve, reject) => {
      const socket = connect(port, "127.0.0.1", () => socket.write(text));
      let answer = "";
      socket.on("data", (chunk) => (answer += chunk.toString()));
      socket.on("close", () => resolve(answer));
      socket.on("error", reject);
    });

  it.each([
    ["no HTTP at all", "400", "hello\r\n\r\n"],
    ["no Host", "400", "GET /ping HTTP/1.1\r\nconnection: close\r\n\r\n"],
    [
      "HTTP/1.0 without Host, on a Connect path",
      "400",
      "POST /tandem.rpctest.v1.EchoService/Ping HTTP/1.0\r\ncontent-type: application/json\r\ncontent-length: 2\r\n\r\n{}",
    ],
    [
      "a Host that is no host",
      "400",
      "POST /tandem.rpctest.v1.EchoService/Ping HTTP/1.1\r\nhost: a b/c\r\ncontent-type: application/json\r\ncontent-length: 2\r\nconnection: close\r\n\r\n{}",
    ],
    [
      "a Host with a port that is none",
      "400",
      "POST /tandem.rpctest.v1.EchoService/Ping HTTP/1.1\r\nhost: a:99999\r\ncontent-type: application/json\r\ncontent-length: 2\r\nconnection: close\r\n\r\n{}",
    ],
    ["a path that is another host", "400", "GET //[ HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n"],
    ["two lengths", "400", "POST /things HTTP/1.1\r\nhost: a\r\ncontent-length: 2\r\ncontent-length: 3\r\n\r\n{}"],
    [
      "length and chunks",
      "400",
      "POST /things HTTP/1.1\r\nhost: a\r\ncontent-length: 2\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n",
    ],
    ["headers without end", "431", `GET /ping HTTP/1.1\r\nhost: a\r\nx: ${"a".repeat(20_000)}\r\n\r\n`],
  ])("%s -> %s", async (_rule, status, text) => {
    expect(await raw(text)).toMatch(new RegExp(`^HTTP/1.1 (${status}) `));
  });

  it.each([
    ["headers that never come", "408", "GET /ping HTTP/1.1\r\nhost: a\r\nx: "],
    [
      "a body that never comes",
      "401|408",
      "POST /things HTTP/1.1\r\nhost: a\r\ncontent-type: application/json\r\ncontent-length: 50\r\n\r\n{",
    ],
    [
      "a public call whose body never comes",
      "408",
      "POST /tandem.rpctest.v1.EchoService/Ping HTTP/1.1\r\nhost: a\r\ncontent-type: application/json\r\ncontent-length: 50\r\n\r\n{",
    ],
  ])("%s -> %s, by the clock", async (_rule, status, text) => {
    expect(await raw(text, hasty.httpPort)).toMatch(new RegExp(`^HTTP/1.1 (${status}) `));
  });

  it("a caller that hangs up mid-request costs one aborted request and nothing else", async () => {
    await new Promise<void>((resolve) => {
      const socket: Socket = connect(harness.httpPort, "127.0.0.1", () => {
        socket.write(
          "POST /tandem.rpctest.v1.EchoService/Ping HTTP/1.1\r\nhost: a\r\ncontent-type: application/json\r\ncontent-length: 50\r\n\r\n{",
        );
        setImmediate(() => socket.destroy());
      });
      socket.on("close", () => resolve());
    });
    await pollUntil(async () =>
      /tandem_rpc_server_refused_total\{[^}]*status="aborted"/.test(await harness.metrics.text()),
    );
  });
});

describe("HTTP/2 on the gRPC port", () => {
  const open = (url = harness.grpcUrl) =>
    new Promise<ReturnType<typeof connectH2>>((resolve, reject) => {
      const session = connectH2(url, {}, () => resolve(session));
      session.on("error", reject);
    });
  const statusOf = async (headers: Record<string, string>, body?: string, url?: string): Promise<number | string> => {
    const session = await open(url);
    try {
      return await new Promise((resolve, reject) => {
        const stream = session.request(headers, { endStream: body === undefined });
        stream.on("response", (answer) => resolve(answer[":status"] as number));
        stream.on("error", reject);
        stream.on("close", () => resolve(`closed ${stream.rstCode}`));
        if (body !== undefined) stream.write(body);
      });
    } finally {
      session.destroy();
    }
  };
  const path = "/tandem.rpctest.v1.EchoService/Ping";

  it.each(["a:99999", "[::zz]", "%zz", "999.999.999.999", "a%20b"])(
    "the authority %j is refused and ends no process",
    async (authority) => {
      expect(await statusOf({ ":path": path, ":authority": authority, ":method": "POST" })).toBe(400);
    },
  );

  it.each([
    ["an unknown path", { ":path": "/nothing", ":method": "POST" }, 404],
    [
      "an unknown method of a known service",
      { ":path": "/tandem.rpctest.v1.EchoService/Nothing", ":method": "POST" },
      404,
    ],
    ["another content type", { ":path": path, ":method": "POST", "content-type": "text/xml" }, 415],
    ["GET without idempotence", { ":path": "/tandem.rpctest.v1.EchoService/CreateThing", ":method": "GET" }, 405],
  ])("%s -> %s", async (_rule, headers, status) => {
    expect(await statusOf(headers)).toBe(status);
  });

  it("a body that never comes ends its stream by the request timeout", async () => {
    const headers = { ":path": path, ":method": "POST", "content-type": "application/grpc", te: "trailers" };
    expect(await statusOf(headers, "\0", hasty.grpcUrl)).toBe("closed 8");
  });

  it("garbage in a gRPC frame is an invalid argument", async () => {
    const session = await open();
    const status = await new Promise((resolve, reject) => {
      const stream = session.request({
        ":path": path,
        ":method": "POST",
        "content-type": "application/grpc",
        te: "trailers",
      });
      stream.on("response", (headers) => headers["grpc-status"] !== undefined && resolve(headers["grpc-status"]));
      stream.on("trailers", (headers) => resolve(headers["grpc-status"]));
      stream.on("error", reject);
      stream.resume();
      stream.end(Buffer.from([0, 0, 0, 0, 3, 0xff, 0xff, 0xff]));
    });
    session.destroy();
    expect(["3", "13"]).toContain(status);
  });
});
