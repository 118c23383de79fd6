import { setTimeout as sleep } from "node:timers/promises";
import { createClient } from "@connectrpc/connect";
import {
  connectNodeAdapter,
  createConnectTransport,
  createGrpcTransport,
  createGrpcWebTransport,
} from "@connectrpc/connect-node";
import { serviceCatalogue } from "@tandem/contracts";
import { CatalogService } from "@tandem/contracts/catalog";
import { pollUntil } from "@tandem/testkit";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { answerJson, startTestGateway, type TestGateway } from "./harness.ts";

let gateway: TestGateway;
beforeAll(async () => {
  gateway = await startTestGateway({
    CORS_ORIGINS: "https://shop.example, http://localhost:3000",
    DEFAULT_DEADLINE_MS: "1500",
  });
});
afterAll(() => gateway[Symbol.asyncDispose]());
beforeEach(() => {
  gateway.seen.length = 0;
  gateway.logs.length = 0;
  gateway.answerWith((_request, response, { url }) => answerJson(response, 200, { code: 0, data: { url } }));
});

const ID = "0198c0de-0000-7000-8000-000000000001";
const get = async (path: string, headers: Record<string, string> = {}, method = "GET") => {
  const answer = await fetch(`${gateway.url}${path}`, { method, headers });
  const text = await answer.text();
  return {
    status: answer.status,
    headers: answer.headers,
    text,
    body: text.startsWith("{") ? JSON.parse(text) : undefined,
  };
};
const bearer = async (claims = {}) => ({ authorization: `Bearer ${await gateway.token(claims)}` });
/** The sidecar's word for an app that is not there. */
const notThere = { errorCode: "ERR_DIRECT_INVOKE", message: "failed to invoke, id: catalog, err: connection refused" };
const down =
  (status = 500) =>
  (_: unknown, response: import("node:http").ServerResponse) => {
    response.writeHead(status, { "content-type": "application/json" });
    response.end(JSON.stringify(notThere));
  };

describe("routes", () => {
  it("sends each path to the context whose proto declares it", async () => {
    const staff = await bearer();
    for (const path of ["/listings", "/orders", `/payments/${ID}`, `/stock/${ID}`]) await get(path, staff);
    expect(gateway.seen.map(({ url, headers }) => [headers["dapr-app-id"], url])).toEqual([
      ["catalog", "/listings"],
      ["order", "/orders"],
      ["payment", `/payments/${ID}`],
      ["warehouse", `/stock/${ID}`],
    ]);
  });

  it("knows every method of every context by its full name, but for those between services", async () => {
    const operator = await bearer({ roles: ["staff", "operator", "customer", "seller"] });
    const services = serviceCatalogue.flatMap((entry) => entry.services.map((service) => ({ entry, service })));
    for (const { entry, service } of services) {
      const [method] = service.methods;
      gateway.seen.length = 0;
      const answer = await fetch(`${gateway.url}/${service.typeName}/${method?.name}`, {
        method: "POST",
        headers: { ...operator, "content-type": "application/json" },
        body: "{}",
      });
      await answer.text();
      if (answer.status === 403) continue;
      expect(gateway.seen[0]?.headers["dapr-app-id"], service.typeName).toBe(entry.apiAppId);
    }
    const hidden = await fetch(`${gateway.url}/auth/token`, { method: "POST" });
    expect(hidden.status).toBe(404);
  });

  it("answers 404, 405 with Allow, OPTIONS and HEAD in the envelope's words", async () => {
    expect(await get("/nowhere")).toMatchObject({ status: 404, body: { code: 103, error: "request.route_not_found" } });
    const refused = await get("/listings", {}, "DELETE");
    expect(refused).toMatchObject({ status: 405, body: { error: "request.method_not_allowed" } });
    expect(refused.headers.get("allow")).toBe("GET, HEAD, OPTIONS");
    expect((await get("/listings", {}, "OPTIONS")).status).toBe(204);
    const head = await get("/listings", {}, "HEAD");
    expect([head.status, head.text, gateway.seen.at(-1)?.method]).toEqual([200, "", "HEAD"]);
    const procedure = await get("/tandem.catalog.v1.CatalogService/Explode", {}, "POST");
    expect(procedure).toMatchObject({ status: 404, body: { code: "unimplemented" } });
    expect((await get("/tandem.catalog.v1.CatalogService/CreateProduct")).status).toBe(405);
    expect(gateway.seen).toHaveLength(1);
  });

  it("reaches the operations of one context, for operators", async () => {
    const path = "/ops/warehouse/jobs";
    expect((await get(path)).status).toBe(401);
    expect((await get(path, await bearer({ roles: ["customer"], customerId: ID }))).status).toBe(403);
    expect(gateway.seen).toEqual([]);
    expect((await get(path, await bearer({ roles: ["operator"] }))).status).toBe(200);
    expect(gateway.seen[0]).toMatchObject({ url: "/ops/v1/jobs", headers: { "dapr-app-id": "warehouse" } });
    expect(await get("/ops/nobody/jobs")).toMatchObject({
      status: 404,
      body: { code: 80003, error: "gateway.context_unknown" },
    });
    expect((await get("/ops/v1/jobs", await bearer({ roles: ["operator"] }))).status).toBe(404);
  });
});

describe("tokens", () => {
  it("verifies before anything is forwarded, and forwards what it verified", async () => {
    const cases: [Record<string, string>, string][] = [
      [{}, "auth.token_missing"],
      [{ authorization: "Bearer nonsense" }, "auth.token_malformed"],
      [{ authorization: "Basic eDp5" }, "auth.token_malformed"],
    ];
    for (const [headers, slug] of cases) {
      const answer = await get("/orders", headers);
      expect([answer.status, answer.body.error]).toEqual([401, slug]);
      expect(answer.headers.get("www-authenticate")).toBe('Bearer realm="tandem"');
    }
    // A bad token is refused where none is needed, too: its bearer should learn of it.
    expect((await get("/listings", { authorization: "Bearer nonsense" })).status).toBe(401);
    expect(gateway.seen).toEqual([]);
    const good = await bearer();
    expect((await get("/orders", good)).status).toBe(200);
    expect(gateway.seen[0]?.headers.authorization).toBe(good.authorization);
  });
});

describe("a context that is down", () => {
  it("is named in a 503, asked twice for what may be repeated, once for the rest; the others work", async () => {
    gateway.answerWith((request, response, seen) => {
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
    expect(gateway.seen).toHaveLength(2);
    gateway.seen.length = 0;
    await fetch(`${gateway.url}/products`, {
      method: "POST",
      headers: { ...(await bearer()), "content-type": "application/json" },
      body: "{}",
    });
    expect(gateway.seen).toHaveLength(1);
    expect((await get("/orders", await bearer())).status).toBe(200);
  });

  it("is left alone after some failures, then tried again, and comes back", async () => {
    gateway.answerWith(down());
    for (let at = 0; at < 6; at += 1) await get("/listings");
    gateway.seen.length = 0;
    const fast = await get("/listings");
    expect([fast.status, gateway.seen.length]).toEqual([503, 0]);
    gateway.answerWith((_request, response) => answerJson(response, 200, { code: 0 }));
    await pollUntil(async () => (await get("/listings")).status === 200, { intervalMs: 100 });
  });

  it("shows in /health and /health/{context}, and not in /readyz", async () => {
    gateway.answerWith((request, response, seen) => {
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
    gateway.answerWith((_request, response) => answerJson(response, 500, { code: 13, error: "rpc.internal" }));
    expect(await get("/listings")).toMatchObject({ status: 500, body: { error: "rpc.internal" } });
    expect(gateway.seen).toHaveLength(1);
  });
});

describe("time", () => {
  it("passes the caller's patience on, and answers 504 when a context does not keep it", async () => {
    gateway.answerWith(async (_request, response) => {
      await sleep(1_000);
      answerJson(response, 200, {});
    });
    const startedAt = performance.now();
    const late = await get("/listings", { "request-timeout": "0.2" });
    expect(late).toMatchObject({ status: 504, body: { error: "rpc.deadline_exceeded" } });
    expect(performance.now() - startedAt).toBeLessThan(900);
    expect(Number(gateway.seen[0]?.headers["request-timeout"])).toBeGreaterThan(0.1);
    expect(Number(gateway.seen[0]?.headers["request-timeout"])).toBeLessThanOrEqual(0.2);
  });

  it("tells the context when the caller goes away", async () => {
    let gone = false;
    gateway.answerWith((request, response) => {
      response.once("close", () => {
        gone = true;
      });
      void request;
    });
    const controller = new AbortController();
    const call = fetch(`${gateway.url}/listings`, { signal: controller.signal }).catch(() => undefined);
    await pollUntil(() => gateway.seen.length === 1);
    controller.abort();
    await call;
    await pollUntil(() => gone);
  });

  it("passes streams on as they come, and files byte for byte", async () => {
    gateway.answerWith(async (_request, response) => {
      response.writeHead(200, { "content-type": "application/pdf", "x-trace-id": "ab" });
      response.write("%PDF-1");
      await sleep(150);
      response.end(Buffer.from([0, 255, 1]));
    });
    const answer = await fetch(`${gateway.url}/listings`);
    const reader = answer.body?.getReader();
    const first = await reader?.read();
    expect(Buffer.from(first?.value ?? []).toString()).toBe("%PDF-1");
    const rest = await reader?.read();
    expect([...(rest?.value ?? [])]).toEqual([0, 255, 1]);
    expect(answer.headers.get("content-type")).toBe("application/pdf");
  });

  it("does not end properly what broke off", async () => {
    gateway.answerWith((_request, response) => {
      response.writeHead(200, { "content-type": "application/json", "content-length": "100", "x-trace-id": "ab" });
      response.write('{"code":0');
      setTimeout(() => response.destroy(), 50);
    });
    await expect(fetch(`${gateway.url}/listings`).then((answer) => answer.text())).rejects.toThrow();
  });
});

describe("what is written down", () => {
  it("carries correlation and trace through, and masks what is secret", async () => {
    const trace = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
    const answer = await get(`/listings?token=tok_visa&mail=ada@example.org&plain=1`, {
      "x-correlation-id": "mine-1",
      traceparent: trace,
    });
    expect(answer.headers.get("x-correlation-id")).toBe("mine-1");
    expect(gateway.seen[0]?.headers["x-correlation-id"]).toBe("mine-1");
    expect(gateway.seen[0]?.headers["traceparent"]).toContain("0af7651916cd43dd8448eb211c80319c");
    await get("/orders", { ...(await bearer()), "x-correlation-id": "a b" });
    const lines = await pollUntil(() => {
      const found = gateway.logs.filter(({ msg }) => msg === "request");
      const both = ["GET /listings", "GET /orders"].map((route) =>
        found.find((line) => line["route"] === route && line["status"] === 200),
      );
      return both.every((line) => line !== undefined) ? both : undefined;
    });
    expect(lines[0]).toMatchObject({
      correlationId: "mine-1",
      route: "GET /listings",
      status: 200,
      context: "catalog",
    });
    expect(lines[0]?.["path"]).toBe("/listings?token=[masked]&mail=[masked]&plain=1");
    expect(lines[1]).toMatchObject({ subject: "someone" });
    expect(lines[1]?.["correlationId"]).not.toBe("a b");
    expect(JSON.stringify(gateway.logs)).not.toMatch(/eyJ|tok_visa|ada@/);
  });

  it("has its metrics on the operations port, not on the public one", async () => {
    await get("/listings");
    expect((await get("/metrics")).status).toBe(404);
    expect(await (await fetch(`${gateway.opsUrl}/metrics`)).text()).toMatch(
      /tandem_gateway_requests_total\{[^}]*route="GET \/listings"/,
    );
  });
});

describe("browsers", () => {
  it("may call from the named origins only", async () => {
    const asking = { "access-control-request-method": "POST", "access-control-request-headers": "authorization" };
    const shop = await get("/orders", { origin: "https://shop.example", ...asking }, "OPTIONS");
    expect(shop.status).toBe(204);
    expect(shop.headers.get("access-control-allow-origin")).toBe("https://shop.example");
    expect(shop.headers.get("access-control-allow-headers")).toContain("authorization");
    expect(shop.headers.get("access-control-allow-credentials")).toBeNull();
    const evil = await get("/orders", { origin: "https://evil.example", ...asking }, "OPTIONS");
    expect(evil.headers.get("access-control-allow-origin")).toBeNull();
    const plain = await get("/listings", { origin: "https://shop.example" });
    expect([plain.headers.get("access-control-allow-origin"), plain.headers.get("vary")]).toEqual([
      "https://shop.example",
      "origin",
    ]);
    // The contexts' own opinion does not count.
    gateway.answerWith((_request, response) => answerJson(response, 200, {}, { "access-control-allow-origin": "*" }));
    expect(
      (await get("/listings", { origin: "https://evil.example" })).headers.get("access-control-allow-origin"),
    ).toBeNull();
  });

  it("get one document of everything, and a page that loads nothing from elsewhere", async () => {
    const { body } = await get("/openapi.json");
    expect(body.openapi).toBe("3.1.0");
    expect(body.paths["/auth/token"]).toBeUndefined();
    expect(Object.keys(body.paths)).toEqual(
      expect.arrayContaining(["/orders", "/listings", "/ops/{context}/jobs", "/health/{context}"]),
    );
    expect(body.paths["/ops/{context}/jobs"].parameters[0].schema.enum).toHaveLength(serviceCatalogue.length);
    const ids = Object.values(body.paths as Record<string, Record<string, { operationId?: string }>>)
      .flatMap((item) => Object.values(item))
      .flatMap(({ operationId }) => operationId ?? []);
    expect(new Set(ids).size).toBe(ids.length);
    const page = await get("/docs");
    expect(page.headers.get("content-security-policy")).toContain("script-src 'self'");
    expect(page.text + (await get("/docs/page.js")).text).not.toMatch(/https?:\/\/|innerHTML|eval\(/);
    expect(gateway.seen).toEqual([]);
  });
});

describe("rates", () => {
  it("lets 200 reads a second of one address through by default", async () => {
    const answers = await Promise.all(Array.from({ length: 200 }, () => fetch(`${gateway.url}/listings`)));
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
    const statuses = [(await logIn()).status, (await logIn()).status, (await logIn()).status];
    expect(statuses).toEqual([200, 200, 429]);
    const refused = await logIn();
    expect(Number(refused.headers.get("retry-after"))).toBeGreaterThan(0);
    expect(refused.headers.get("ratelimit-limit")).toBe("2");
    expect(refused.headers.get("ratelimit-remaining")).toBe("0");
    expect(await refused.json()).toMatchObject({ error: "rpc.rate_limited", retryable: true });
    expect((await fetch(`${strict.url}/listings`)).status).toBe(200);
    expect(strict.seen).toHaveLength(3);
  });
});

describe("protocols", () => {
  const serve = async () => {
    const adapter = connectNodeAdapter({
      routes: (router) =>
        router.service(CatalogService, {
          listCategories: () => ({
            categories: [
              { categoryId: ID, name: "x".repeat(70_000) },
              { categoryId: ID, name: "ü" },
            ],
          }),
        }),
    });
    const { createServer } = await import("node:http");
    const server = createServer(adapter);
    await new Promise<void>((resolve) => server.listen(0, resolve));
    return server;
  };

  it("answers gRPC over HTTP/2, gRPC-Web and Connect from contexts that speak HTTP/1.1", async () => {
    const server = await serve();
    const port = (server.address() as import("node:net").AddressInfo).port;
    const { request: httpRequest } = await import("node:http");
    gateway.answerWith((_request, response, { method, url, headers, body }) => {
      const outgoing = httpRequest({ port, method, path: url, headers: { ...headers, host: "x" } }, (answer) => {
        response.writeHead(answer.statusCode ?? 500, { ...answer.headers, "x-trace-id": "ab" });
        answer.pipe(response);
      });
      outgoing.end(body);
    });
    const transports = {
      grpc: createGrpcTransport({ baseUrl: gateway.grpcUrl, acceptCompression: [] }),
      "grpc-web": createGrpcWebTransport({ baseUrl: gateway.url, httpVersion: "1.1", acceptCompression: [] }),
      connect: createConnectTransport({ baseUrl: gateway.url, httpVersion: "1.1", acceptCompression: [] }),
      "connect over HTTP/2": createConnectTransport({
        baseUrl: gateway.grpcUrl,
        httpVersion: "2",
        acceptCompression: [],
      }),
    };
    for (const [name, transport] of Object.entries(transports)) {
      const { categories } = await createClient(CatalogService, transport).listCategories({});
      expect(
        categories.map((one) => one.name.length),
        name,
      ).toEqual([70_000, 1]);
      const failed = await createClient(CatalogService, transport)
        .getCategory({ categoryId: ID })
        .catch((error) => error);
      expect(String(failed), name).toMatch(/unimplemented/);
    }
    server.close();
  });

  it("puts its own refusals into each protocol's words", async () => {
    gateway.answerWith(down(503));
    for (const transport of [
      createGrpcTransport({ baseUrl: gateway.grpcUrl }),
      createGrpcWebTransport({ baseUrl: gateway.url, httpVersion: "1.1" }),
      createConnectTransport({ baseUrl: gateway.url, httpVersion: "1.1" }),
    ]) {
      const client = createClient(CatalogService, transport);
      expect(String(await client.listCategories({}).catch((error) => error))).toMatch(
        /\[unavailable\] The context catalog/,
      );
      expect(String(await client.createProduct({}).catch((error) => error))).toMatch(/\[unauthenticated\]/);
    }
  });
});
