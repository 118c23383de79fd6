import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { answerJson, startTestGateway, type TestGateway } from "./harness.ts";

let gateway: TestGateway;
beforeAll(async () => {
  gateway = await startTestGateway({ HEADERS_TIMEOUT_MS: "300", REQUEST_TIMEOUT_MS: "800", MAX_BODY_BYTES: "200000" });
});
afterAll(() => gateway[Symbol.asyncDispose]());
beforeEach(() => {
  gateway.seen.length = 0;
  gateway.answerWith((_request, response, { url }) => answerJson(response, 200, { code: 0, data: { url } }));
});

const post = (headers: readonly string[], body = "") =>
  ["POST /carts/1/checkout HTTP/1.1", "Host: shop.example", ...headers, "", body].join("\r\n");

describe("requests that two servers could read differently", () => {
  it.each([
    ["both lengths", post(["Content-Length: 6", "Transfer-Encoding: chunked"], "0\r\n\r\nG")],
    ["two lengths", post(["Content-Length: 1", "Content-Length: 2"], "ab")],
    ["two lengths in one", post(["Content-Length: 1, 2"], "ab")],
    ["a negative length", post(["Content-Length: -1"])],
    ["a length with a sign", post(["Content-Length: +1"], "a")],
    ["an encoding that is not chunked last", post(["Transfer-Encoding: chunked, identity"], "0\r\n\r\n")],
    ["an obfuscated encoding", post(["Transfer-Encoding: xchunked"], "0\r\n\r\n")],
    ["a space before the colon", post(["Content-Length : 1"], "a")],
    ["a folded header", post(["X-One: 1\r\n Transfer-Encoding: chunked"], "0\r\n\r\n")],
    ["a bare carriage return", post(["X-One: 1\rX-Two: 2"])],
    ["a NUL in a header", post(["X-One: a\u0000b"])],
    ["a chunk size that is none", post(["Transfer-Encoding: chunked"], "zz\r\nab\r\n0\r\n\r\n")],
    ["no Host", "GET /listings HTTP/1.1\r\n\r\n"],
    ["two Hosts", "GET /listings HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n"],
    ["a Host that is no name", "GET /listings HTTP/1.1\r\nHost: a b\r\n\r\n"],
    ["an absolute target", "GET http://elsewhere/listings HTTP/1.1\r\nHost: a\r\n\r\n"],
  ])("refuses %s and forwards nothing", async (_name, text) => {
    const answer = await gateway.raw(text);
    expect(answer).toMatch(/^HTTP\/1\.1 400 /);
    expect(answer.toLowerCase()).toContain("connection: close");
    expect(gateway.seen).toEqual([]);
  });

  it("does not take the rest of a refused request for the next one", async () => {
    const smuggled = "GET /listings HTTP/1.1\r\nHost: a\r\n\r\n";
    const answer = await gateway.raw(post(["Content-Length: 0", "Transfer-Encoding: chunked"], `0\r\n\r\n${smuggled}`));
    expect(answer.match(/HTTP\/1\.1/g)).toHaveLength(1);
    expect(gateway.seen).toEqual([]);
  });

  it.each([
    "/listings/../ops/v1/jobs",
    "/listings/%2e%2e/ops/v1/jobs",
    "/listings/%2E./x",
    "/./listings",
    "//listings",
    "/listings//1",
    "/listings/%2fops",
    "/listings/%5c..%5cops",
    "/listings\\..\\ops",
    "/listings/%00",
    "/listings/%0d%0aX-One:1",
    "/listings/%",
    "/listings/%zz",
    "/listings/%ff",
    "/listings#part",
    `/${"a".repeat(9_000)}`,
  ])("refuses the path %s", async (path) => {
    const answer = await gateway.raw(`GET ${path} HTTP/1.1\r\nHost: a\r\n\r\n`);
    expect(answer).toMatch(/^HTTP\/1\.1 400 /);
    expect(answer).toContain('"error":"request.malformed"');
    expect(gateway.seen).toEqual([]);
  });

  it("forwards path and query byte for byte when they are plain", async () => {
    await gateway.raw("GET /listings?text=a%2Fb%20c&page.limit=3 HTTP/1.1\r\nHost: a\r\n\r\n");
    expect(gateway.seen.map(({ url }) => url)).toEqual(["/listings?text=a%2Fb%20c&page.limit=3"]);
  });
});

describe("headers", () => {
  it("drops those of one hop, those that Connection names, and those that only the platform may send", async () => {
    const forged = {
      "dapr-app-id": "payment",
      "dapr-caller-app-id": "order",
      "dapr-api-token": "guess",
      "x-forwarded-for": "6.6.6.6",
      "x-forwarded-host": "evil.example",
      "x-forwarded-proto": "https",
      forwarded: "for=6.6.6.6",
      "x-real-ip": "6.6.6.6",
      "x-tandem-client-address": "6.6.6.6",
      "x-tandem-service-authorization": "Bearer x",
      tracestate: "a=b",
      te: "trailers",
      "proxy-authorization": "Basic eA==",
      "keep-alive": "timeout=9",
      "x-secret-hop": "1",
      connection: "close, x-secret-hop",
      "x-kept": "yes",
      "idempotency-key": "key-1",
    };
    const lines = Object.entries(forged).map(([name, value]) => `${name}: ${value}`);
    await gateway.raw(["GET /listings HTTP/1.1", "Host: shop.example", ...lines, "", ""].join("\r\n"));
    const headers = gateway.seen[0]?.headers ?? {};
    expect(headers).toMatchObject({
      "dapr-app-id": "catalog",
      "x-kept": "yes",
      "idempotency-key": "key-1",
      "x-forwarded-for": "127.0.0.1",
      "x-forwarded-host": "shop.example",
      "x-forwarded-proto": "http",
      "x-tandem-client-address": "127.0.0.1",
    });
    for (const name of [
      "dapr-caller-app-id",
      "dapr-api-token",
      "forwarded",
      "x-real-ip",
      "tracestate",
      "te",
      "x-secret-hop",
    ])
      expect(headers[name], name).toBeUndefined();
    for (const name of ["proxy-authorization", "keep-alive", "x-tandem-service-authorization"])
      expect(headers[name], name).toBeUndefined();
    expect(headers.host).not.toBe("shop.example");
  });

  it("gives none back that are the platform's or of one hop", async () => {
    gateway.answerWith((_request, response) =>
      answerJson(response, 200, {}, { "dapr-callee-app-id": "catalog", "x-powered-by": "x", server: "x", etag: '"1"' }),
    );
    const answer = await fetch(`${gateway.url}/listings`);
    expect(answer.headers.get("etag")).toBe('"1"');
    for (const name of ["dapr-callee-app-id", "x-powered-by", "server"])
      expect(answer.headers.get(name), name).toBeNull();
    expect(answer.headers.get("x-content-type-options")).toBe("nosniff");
    expect(answer.headers.get("content-security-policy")).toContain("default-src 'none'");
  });

  it("counts trusted proxies from the right", async () => {
    await using behindTwo = await startTestGateway({ TRUSTED_PROXIES: "2" });
    await fetch(`${behindTwo.url}/listings`, { headers: { "x-forwarded-for": "6.6.6.6, 9.9.9.9, 10.0.0.1" } });
    await fetch(`${behindTwo.url}/listings`, { headers: { "x-forwarded-for": "nonsense, 10.0.0.1" } });
    expect(behindTwo.seen.map(({ headers }) => headers["x-forwarded-for"])).toEqual(["9.9.9.9", "127.0.0.1"]);
  });

  it("refuses headers that are too large, with the envelope", async () => {
    const answer = await gateway.raw(`GET /listings HTTP/1.1\r\nHost: a\r\nX-Big: ${"a".repeat(20_000)}\r\n\r\n`);
    expect(answer).toMatch(/^HTTP\/1\.1 431 /);
    expect(answer).toContain("request.headers_too_large");
  });
});

describe("bodies and clocks", () => {
  const big = "x".repeat(250_000);

  it("refuses a body that says it is too large before reading it", async () => {
    const authorization = `Authorization: Bearer ${await gateway.token()}`;
    const answer = await gateway.raw(
      `POST /carts/1/checkout HTTP/1.1\r\nHost: a\r\n${authorization}\r\nContent-Length: 250000\r\n\r\n`,
    );
    expect(answer).toMatch(/^HTTP\/1\.1 413 /);
    expect(answer.toLowerCase()).toContain("connection: close");
    expect(gateway.seen).toEqual([]);
  });

  it("refuses one that turns out to be too large", async () => {
    const stream = new ReadableStream({
      start: (controller) => {
        for (let at = 0; at < 25; at += 1) controller.enqueue(new TextEncoder().encode(big.slice(0, 10_000)));
        controller.close();
      },
    });
    const answer = await fetch(`${gateway.url}/carts/1/checkout`, {
      method: "POST",
      headers: { authorization: `Bearer ${await gateway.token({ roles: ["customer"], customerId: "c" })}` },
      body: stream,
      duplex: "half",
    } as RequestInit);
    expect(answer.status).toBe(413);
    expect(await answer.json()).toMatchObject({ error: "request.body_too_large", retryable: false });
  });

  it("reads no body of a caller who may not", async () => {
    const answer = await gateway.raw("POST /carts/1/checkout HTTP/1.1\r\nHost: a\r\nContent-Length: 100\r\n\r\n");
    expect(answer).toMatch(/^HTTP\/1\.1 401 /);
  });

  it("closes on who sends headers, or a body, too slowly", async () => {
    const slowHeaders = await gateway.raw(["GET /listings HTTP/1.1\r\n", "Host: a\r\n"], { quietMs: 2_000 });
    expect(slowHeaders).toMatch(/^HTTP\/1\.1 408 /);
    const authorization = `Authorization: Bearer ${await gateway.token({ roles: ["customer"], customerId: "c" })}`;
    const slowBody = await gateway.raw(
      [`POST /carts/1/checkout HTTP/1.1\r\nHost: a\r\n${authorization}\r\nContent-Length: 10\r\n\r\n`, "ab"],
      { quietMs: 3_000 },
    );
    expect(slowBody).toMatch(/^HTTP\/1\.1 408 |^$/);
    expect(gateway.seen).toEqual([]);
  });
});
