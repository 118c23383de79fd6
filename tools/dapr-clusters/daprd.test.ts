import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gatewayEntry, serviceCatalogue } from "@tandem/contracts";
import { createDapr, type RenderedFiles } from "@tandem/dapr";
import { createTestDatabase, pollUntil } from "@tandem/testkit";
import { startBroker, startDaprd } from "@tandem/toolchain";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { readAll } from "../render-components.ts";
import { localizeComponents, writeLocalized } from "./localize-components.ts";
import { componentsIn } from "./read-scopes.ts";
import { startConsumer } from "./start-consumer.ts";

// A real daprd reads what a cluster is given, beside real servers. That of production has Kafka for events: kafka.test.ts.
const stack = new AsyncDisposableStack();
let committed: RenderedFiles;
let dir = "";
let servers: { readonly redis: string; readonly stateUrl: string };

beforeAll(async () => {
  committed = await readAll();
  dir = await mkdtemp(join(tmpdir(), "tandem-clusters-"));
  stack.defer(() => rm(dir, { recursive: true, force: true }));
  const database = stack.use(await createTestDatabase());
  const broker = stack.use(await startBroker({ dir: join(dir, "broker") }));
  servers = { redis: broker.address, stateUrl: database.url };
}, 120_000);
afterAll(() => stack.disposeAsync(), 60_000);

const filesOf = (folder: string): RenderedFiles => {
  const own = Object.entries(committed).filter(([name]) => name.startsWith(`${folder}/`));
  const files = Object.fromEntries(own.map(([name, text]) => [name.slice(folder.length + 1), text]));
  if (folder !== "production") return files;
  const { "pubsub.yaml": _, ...rest } = files;
  return rest;
};

const start = async (folder: string, appId: string, appPort?: number) => {
  const { resourcesDir, configFileOf } = await writeLocalized(
    join(dir, `${folder}-${appId}`),
    localizeComponents(filesOf(folder), { ...servers, namesFile: join(dir, "names.db") }),
  );
  return startDaprd({
    appId,
    resourcesDir,
    configFile: configFileOf(appId),
    env: { NAMESPACE: "tandem" },
    readyTimeoutMs: 90_000,
    ...(appPort === undefined ? {} : { appPort }),
  });
};

describe.each(["kind", "staging", "production"])("daprd with components/%s", (folder) => {
  // Without pub/sub the outbox of production's others is left hanging.
  const apps: Readonly<Record<string, readonly string[]>> = {
    kind: [...serviceCatalogue.flatMap(({ apiAppId, workerAppId }) => [apiAppId, workerAppId]), gatewayEntry.apiAppId],
    staging: ["order", "order-worker", "gateway", "catalog"],
    production: ["gateway", "catalog-worker"],
  };

  it.each(apps[folder] ?? [])(
    "loads for %s what is scoped to it, and nothing else",
    async (appId) => {
      const scoped = componentsIn(filesOf(folder))
        .filter(({ scopes }) => scopes?.includes(appId))
        .map(({ metadata }) => metadata.name);
      await using sidecar = await start(folder, appId);
      const dapr = createDapr(sidecar);
      try {
        const { components } = await dapr.metadata();
        expect(components.map(({ name }) => name).sort()).toEqual(scoped.sort());
      } finally {
        dapr.close();
      }
      expect(sidecar.lines().filter((line) => /level=(?:error|fatal)/.test(line))).toEqual([]);
    },
    120_000,
  );
});

it("keeps carts in the store of a cluster, for the API and the worker alike", async () => {
  await using api = await start("kind", "order");
  await using worker = await start("kind", "order-worker");
  const [one, other] = [createDapr(api), createDapr(worker)];
  try {
    await one.state("statestore").set("cart-1", { items: 2 });
    expect((await other.state("statestore").get("cart-1"))?.value).toEqual({ items: 2 });
  } finally {
    one.close();
    other.close();
  }
}, 120_000);

it("publishes nothing for an API, and for a worker only what is its context's", async () => {
  await using api = await start("kind", "catalog");
  await using worker = await start("kind", "catalog-worker");
  const publish = async (port: number, topic: string) => {
    const init = { method: "POST", headers: { "content-type": "application/json" }, body: "{}" };
    return (await fetch(`http://127.0.0.1:${port}/v1.0/publish/pubsub/${topic}`, init)).status;
  };
  expect(await publish(api.httpPort, "product.created")).toBe(404);
  expect(await publish(worker.httpPort, "product.created")).toBe(204);
  expect(await publish(worker.httpPort, "order.created")).toBe(403);
}, 120_000);

it("publishes what carts become through Dapr's outbox, which the API itself may not, to those who may read it", async () => {
  await using shop = await startConsumer({ topics: ["order.none"], deadLetterTopic: "order.none.dead-letters" });
  await using reader = await startConsumer({
    topics: ["cart.updated"],
    deadLetterTopic: "notification-worker.dead-letters",
  });
  await using api = await start("kind", "order", shop.port);
  await using worker = await start("kind", "notification-worker", reader.port);
  await worker.untilSubscribed(["cart.updated"], 60_000);
  const dapr = createDapr(api);
  try {
    const publish = { data: '{"cartId":"cart-2"}', type: "tandem.order.v1.CartUpdated", subject: "cart-2" };
    await dapr.state("statestore").transact([{ op: "set", key: "cart-2", value: { items: 1 }, publish }]);
    const got = await pollUntil(() => reader.received.find(({ subject }) => subject === "cart-2"), {
      timeoutMs: 60_000,
    });
    expect(got).toMatchObject({ topic: "cart.updated", data: publish.data, source: "order" });
    const refused = { id: crypto.randomUUID(), topic: "cart.updated", type: "t", source: "order", subject: "x" };
    const event = { ...refused, aggregateVersion: 1n, data: "{}", time: new Date() };
    const [outcome] = await dapr.publisher("pubsub").publish([event], AbortSignal.timeout(10_000));
    expect(outcome?.status).toBe("failed");
  } finally {
    dapr.close();
  }
}, 180_000);
