import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createDevIssuer } from "@tandem/auth";
import { localEnvironment, renderConfiguration } from "@tandem/dapr";
import { createTestDatabase, pollUntil } from "@tandem/testkit";
import { freePorts, startBroker, startDaprd } from "@tandem/toolchain";
import { afterAll, beforeAll, expect, it } from "vitest";
import { startApi } from "../src/api.ts";
import { answerJson, type SeenRequest } from "./harness.ts";

// What the embedded sidecar may do otherwise than the real one: names, paths, headers, errors, the state store.
const stack = new AsyncDisposableStack();
const seen: SeenRequest[] = [];
let url = "";
let second = "";

beforeAll(async () => {
  const dir = await mkdtemp(join(tmpdir(), "tandem-gateway-"));
  stack.defer(() => rm(dir, { recursive: true, force: true }));
  const database = stack.use(await createTestDatabase());
  const broker = stack.use(await startBroker({ dir: join(dir, "broker") }));
  const configFile = join(dir, "configuration.yaml");
  await writeFile(configFile, renderConfiguration({ ...localEnvironment, namesFile: join(dir, "names.db") }));
  const common = {
    resourcesDir: join(import.meta.dirname, "../../../components/local"),
    configFile,
    env: { TANDEM_REDIS_HOST: broker.address, TANDEM_STATE_URL: database.url },
    readyTimeoutMs: 90_000,
  };
  const catalog = createServer(async (request, response) => {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk);
    const { method = "", url: target = "", headers, rawHeaders } = request;
    seen.push({ method, url: target, headers, rawHeaders, body: Buffer.concat(chunks) });
    if (target.startsWith("/livez") || target.startsWith("/readyz")) return answerJson(response, 200, { ok: true });
    answerJson(response, 200, { code: 0, data: { target } }, { etag: '"7"' });
  });
  await new Promise<void>((resolve) => catalog.listen(0, "127.0.0.1", resolve));
  stack.defer(() => {
    catalog.closeAllConnections();
    catalog.close();
  });
  const issuer = stack.use(
    await createDevIssuer({ issuer: "https://issuer.test.invalid", audience: "tandem", port: 0 }),
  );
  const [appPort = 0] = await freePorts(1);
  stack.use(
    await startDaprd({
      ...common,
      appId: "catalog",
      appPort: (catalog.address() as AddressInfo).port,
      appProtocol: "http",
    }),
  );
  // daprd waits for its app, which comes after it.
  const starting = startDaprd({ ...common, appId: "gateway", appPort, appProtocol: "http" });
  const listener = createServer().listen(appPort, "127.0.0.1");
  const sidecar = stack.use(await starting);
  listener.close();
  const start = async (port: number) => {
    const binary = await startApi(
      {
        HTTP_PORT: String(port),
        GRPC_PORT: "0",
        OPS_PORT: "0",
        DAPR_HTTP_PORT: String(sidecar.httpPort),
        DAPR_GRPC_PORT: String(sidecar.grpcPort),
        AUTH_ISSUER: "https://issuer.test.invalid",
        AUTH_AUDIENCE: "tandem",
        AUTH_JWKS_URL: issuer.jwksUrl ?? "http://127.0.0.1:1/",
        RATE_READ_PER_SECOND: "5",
        LOG_LEVEL: "warn",
      },
      { logDestination: { write: () => undefined } },
    );
    stack.defer(() => binary.stop());
    return binary.addresses["http"] ?? "";
  };
  url = await start(appPort);
  second = await start(0);
}, 180_000);
afterAll(() => stack.disposeAsync(), 60_000);

it("reaches a context by its app id, path and query byte for byte", async () => {
  const target = "/listings/0198c0de-0000-7000-8000-000000000001?query=a%2Fb%20c%3A&currencyCode=EUR";
  const answer = await fetch(`${url}${target}`, {
    headers: { "x-correlation-id": "mine", "dapr-caller-app-id": "order" },
  });
  expect(await answer.json()).toEqual({ code: 0, data: { target } });
  expect(answer.headers.get("etag")).toBe('"7"');
  const one = seen.find((request) => request.url === target);
  expect(one?.headers).toMatchObject({
    "dapr-caller-app-id": "gateway",
    "x-tandem-client-address": "127.0.0.1",
    "x-correlation-id": "mine",
  });
});

it("names a context that is not there", async () => {
  const answer = await fetch(`${url}/search?q=mug`);
  expect(answer.status).toBe(503);
  expect(await answer.json()).toMatchObject({ code: 80001, error: "gateway.context_unavailable" });
  const health = await fetch(`${url}/health/catalog`);
  expect([health.status, await health.json()]).toEqual([200, expect.objectContaining({ state: "ready" })]);
});

it("shares rates between two replicas through the state store", async () => {
  const ask = async (base: string): Promise<number> => {
    const answers = await Promise.all(Array.from({ length: 60 }, () => fetch(`${base}/listings`)));
    await Promise.all(answers.map((answer) => answer.text()));
    return answers.filter(({ status }) => status === 200).length;
  };
  // The first replica's burst; the second one hears of it when it settles its own.
  expect(await ask(url)).toBeLessThan(60);
  await ask(second);
  await pollUntil(async () => {
    const { headers, status } = await fetch(`${second}/listings`);
    return status === 429 && Number(headers.get("retry-after")) >= 1;
  });
});
