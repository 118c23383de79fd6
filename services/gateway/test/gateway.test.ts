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
import { describe, expect, it } from "vitest";
import { down, ID, useGateway } from "./ask-gateway.ts";
import { answerJson } from "./harness.ts";

const { bearer, gateway, get } = useGateway();

describe("routes", () => {
  it("sends each path to the context whose proto declares it", async () => {
    const staff = await bearer();
    for (const path of ["/listings", "/orders", `/payments/${ID}`, `/stock/${ID}`]) await get(path, staff);
    expect(gateway().seen.map(({ url, headers }) => [headers["dapr-app-id"], url])).toEqual([
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
      gateway().seen.length = 0;
      const answer = await fetch(`${gateway().url}/${service.typeName}/${method?.name}`, {
        method: "POST",
        headers: { ...operator, "content-type": "application/json" },
        body: "{}",
      });
      await answer.text();
      if (answer.status === 403) continue;
      expect(gateway().seen[0]?.headers["dapr-app-id"], service.typeName).toBe(entry.apiAppId);
    }
    const hidden = await fetch(`${gateway().url}/auth/token`, { method: "POST" });
    expect(hidden.status).toBe(404);
  });

  it("answers 404, 405 with Allow, OPTIONS and HEAD in the envelope's words", async () => {
    expect(await get("/nowhere")).toMatchObject({ status: 404, body: { code: 103, error: "request.route_not_found" } });
    const refused = await get("/listings", {}, "DELETE");
    expect(refused).toMatchObject({ status: 405, body: { error: "request.method_not_allowed" } });
    expect(refused.headers.get("allow")).toBe("GET, HEAD, OPTIONS");
    expect((await get("/listings", {}, "OPTIONS")).status).toBe(204);
    const head = await get("/listings", {}, "HEAD");
    expect([head.status, head.text, gateway().seen.at(-1)?.method]).toEqual([200, "", "HEAD"]);
    const procedure = await get("/tandem.catalog.v1.CatalogService/Explode", {}, "POST");
    expect(procedure).toMatchObject({ status: 404, body: { code: "unimplemented" } });
    expect((await get("/tandem.catalog.v1.CatalogService/CreateProduct")).status).toBe(405);
    expect(gateway().seen).toHaveLength(1);
  });

  it("reaches the operations of one context, for operators", async () => {
    const path = "/ops/warehouse/jobs";
    expect((await get(path)).status).toBe(401);
    expect((await get(path, await bearer({ roles: ["customer"], customerId: ID }))).status).toBe(403);
    expect(gateway().seen).toEqual([]);
    expect((await get(path, await bearer({ roles: ["operator"] }))).status).toBe(200);
    expect(gateway().seen[0]).toMatchObject({ url: "/ops/v1/jobs", headers: { "dapr-app-id": "warehouse" } });
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
    expect(gateway().seen).toEqual([]);
    const good = await bearer();
    expect((await get("/orders", good)).status).toBe(200);
    expect(gateway().seen[0]?.headers.authorization).toBe(good.authorization);
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
    expect(gateway().seen[0]?.headers["x-correlation-id"]).toBe("mine-1");
    expect(gateway().seen[0]?.headers["traceparent"]).toContain("0af7651916cd43dd8448eb211c80319c");
    await get("/orders", { ...(await bearer()), "x-correlation-id": "a b" });
    const lines = await pollUntil(() => {
      const found = gateway().logs.filter(({ msg }) => msg === "request");
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
    expect(JSON.stringify(gateway().logs)).not.toMatch(/eyJ|tok_visa|ada@/);
  });

  it("has its metrics on the operations port, not on the public one", async () => {
    await get("/listings");
    expect((await get("/metrics")).status).toBe(404);
    expect(await (await fetch(`${gateway().opsUrl}/metrics`)).text()).toMatch(
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
    gateway().answerWith((_request, response) => answerJson(response, 200, {}, { "access-control-allow-origin": "*" }));
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
    expect(body.paths["/orders"].post.summary).toMatch(/^Quotes the lines/);
    expect(body.paths["/ops/{context}/jobs"].get.operationId).toBe("JobService_ListJobs");
    const ids = Object.values(body.paths as Record<string, Record<string, { operationId?: string }>>)
      .flatMap((item) => Object.values(item))
      .flatMap(({ operationId }) => operationId ?? []);
    expect(new Set(ids).size).toBe(ids.length);
    const start = await fetch(`${gateway().url}/`, { redirect: "manual" });
    expect([start.status, start.headers.get("location")]).toEqual([302, "/docs"]);
    const page = await get("/docs");
    expect(page.headers.get("content-security-policy")).toContain("script-src 'self'");
    expect(page.text + (await get("/docs/page.js")).text).not.toMatch(/https?:\/\/|innerHTML|eval\(/);
    expect(gateway().seen).toEqual([]);
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
    gateway().answerWith((_request, response, { method, url, headers, body }) => {
      const outgoing = httpRequest({ port, method, path: url, headers: { ...headers, host: "x" } }, (answer) => {
        response.writeHead(answer.statusCode ?? 500, { ...answer.headers, "x-trace-id": "ab" });
        answer.pipe(response);
      });
      outgoing.end(body);
    });
    const transports = {
      grpc: createGrpcTransport({ baseUrl: gateway().grpcUrl, acceptCompression: [] }),
      "grpc-web": createGrpcWebTransport({ baseUrl: gateway().url, httpVersion: "1.1", acceptCompression: [] }),
      connect: createConnectTransport({ baseUrl: gateway().url, httpVersion: "1.1", acceptCompression: [] }),
      "connect over HTTP/2": createConnectTransport({
        baseUrl: gateway().grpcUrl,
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
    gateway().answerWith(down(503));
    for (const transport of [
      createGrpcTransport({ baseUrl: gateway().grpcUrl }),
      createGrpcWebTransport({ baseUrl: gateway().url, httpVersion: "1.1" }),
      createConnectTransport({ baseUrl: gateway().url, httpVersion: "1.1" }),
    ]) {
      const client = createClient(CatalogService, transport);
      expect(String(await client.listCategories({}).catch((error) => error))).toMatch(
        /\[unavailable\] The context catalog/,
      );
      expect(String(await client.createProduct({}).catch((error) => error))).toMatch(/\[unauthenticated\]/);
    }
  });
});
