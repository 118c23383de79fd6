import { mkdtemp, rm } from "node:fs/promises";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Daprd, startDaprd, startSentry } from "@tandem/toolchain";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { parse, stringify } from "yaml";
import { readAll } from "../render-components.ts";
import { localizeComponents, writeLocalized } from "./localize-components.ts";

// The Configurations of a cluster on real sidecars that know each other by certificates of a real authority.
const stack = new AsyncDisposableStack();
const sidecars = new Map<string, Daprd>();

beforeAll(async () => {
  const dir = await mkdtemp(join(tmpdir(), "tandem-access-"));
  stack.defer(() => rm(dir, { recursive: true, force: true }));
  const committed = Object.entries(await readAll()).filter(([name]) => name.startsWith("kind/configurations/"));
  const files = Object.fromEntries(committed.map(([name, text]) => [name.slice("kind/".length), text]));
  // Somebody who may call nobody, and whose own sidecar has been talked into trying.
  const stranger = parse(files["configurations/catalog.yaml"] ?? "");
  stranger.spec.api.allowed.push({ name: "invoke", version: "v1", protocol: "http" });
  const { resourcesDir, configFileOf } = await writeLocalized(
    join(dir, "dapr"),
    localizeComponents(
      { ...files, "configurations/catalog.yaml": stringify(stranger) },
      { namesFile: join(dir, "names.db") },
    ),
  );
  const sentry = stack.use(await startSentry({ dir: join(dir, "sentry"), trustDomain: "tandem" }));
  const app = createServer((request, response) => {
    request.resume();
    response.writeHead(request.url === "/quotes/missing" ? 404 : 200, { "content-type": "text/plain" });
    response.end(`${request.headers["dapr-caller-app-id"]} ${request.method} ${request.url}`);
  });
  await new Promise<void>((resolve) => app.listen(0, "127.0.0.1", resolve));
  stack.defer(() => {
    app.closeAllConnections();
    app.close();
  });
  const start = async (appId: string) =>
    sidecars.set(
      appId,
      stack.use(
        await startDaprd({
          appId,
          appPort: (app.address() as AddressInfo).port,
          appProtocol: "http",
          resourcesDir,
          configFile: configFileOf(appId),
          args: sentry.args,
          env: { ...sentry.env, NAMESPACE: "tandem" },
          readyTimeoutMs: 90_000,
        }),
      ),
    );
  await Promise.all(["pricing", "auth", "order", "gateway", "catalog", "search"].map(start));
}, 240_000);
afterAll(() => stack.disposeAsync(), 60_000);

const call = async (caller: string, callee: string, method: string, path: string) => {
  const answer = await fetch(`http://127.0.0.1:${sidecars.get(caller)?.httpPort}${path}`, {
    method,
    headers: { "dapr-app-id": callee, ...(method === "POST" ? { "content-type": "application/json" } : {}) },
    ...(method === "POST" ? { body: "{}" } : {}),
    signal: AbortSignal.timeout(30_000),
  });
  return { status: answer.status, text: await answer.text() };
};

describe("sidecars with certificates", () => {
  it("let a context call what it depends on, by its procedures", async () => {
    const path = "/tandem.pricing.v1.PricingService/CreateQuote";
    expect(await call("order", "pricing", "POST", path)).toEqual({ status: 200, text: `order POST ${path}` });
  });

  it.each([
    ["order", "pricing", "POST", "/tandem.common.v1.JobService/RunJob"],
    ["order", "pricing", "GET", "/price-lists"],
    ["order", "auth", "POST", "/tandem.auth.v1.AuthService/Login"],
    ["catalog", "pricing", "POST", "/tandem.pricing.v1.PricingService/CreateQuote"],
    ["gateway", "auth", "POST", "/tandem.auth.v1.AuthService/IssueServiceToken"],
    ["gateway", "auth", "POST", "/auth/token"],
    ["gateway", "auth", "GET", "/metrics"],
    ["gateway", "pricing", "POST", "/readyz"],
  ])("refuse what %s asks of %s by %s %s", async (caller, callee, method, path) => {
    const { status, text } = await call(caller, callee, method, path);
    expect([status, text]).toEqual([403, expect.stringContaining("access control policy has denied access")]);
  });

  it.each([
    ["auth", "POST", "/auth/login"],
    ["auth", "GET", "/.well-known/jwks.json"],
    ["auth", "POST", "/tandem.auth.v1.AuthService/Login"],
    ["pricing", "GET", "/quotes/0198c0de-0000-7000-8000-00000000000A"],
    ["pricing", "GET", "/readyz"],
    ["pricing", "POST", "/ops/v1/jobs/pricing.quote-cleanup/run"],
    ["pricing", "POST", "/tandem.common.v1.OutboxService/GetOutbox"],
  ])("let the gateway reach %s by %s %s", async (callee, method, path) => {
    expect(await call("gateway", callee, method, path)).toEqual({ status: 200, text: `gateway ${method} ${path}` });
  });

  it("pass a refusal of the app itself on as it is", async () => {
    expect((await call("gateway", "pricing", "GET", "/quotes/missing")).status).toBe(404);
  });

  it("do not call anybody for a context that depends on nobody", async () => {
    const { status } = await call("search", "pricing", "POST", "/tandem.pricing.v1.PricingService/CreateQuote");
    expect(status).toBe(404);
  });

  it("tell an app no secrets and do not stop for it", async () => {
    const at = (path: string, method: string) =>
      fetch(`http://127.0.0.1:${sidecars.get("order")?.httpPort}/v1.0/${path}`, { method });
    expect((await at("secrets/kubernetes/redis", "GET")).status).toBe(404);
    expect((await at("shutdown", "POST")).status).toBe(404);
    expect((await at("metadata", "GET")).status).toBe(200);
  });
});
