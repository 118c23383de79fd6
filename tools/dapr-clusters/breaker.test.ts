import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pollUntil } from "@tandem/testkit";
import { type Daprd, startBroker, startDaprd } from "@tandem/toolchain";
import { afterAll, beforeAll, expect, it } from "vitest";
import { readAll } from "../render-components.ts";
import { localizeComponents, writeLocalized } from "./localize-components.ts";

// The circuit breaker of components as a cluster has it, around a broker that goes away and comes back.
const stack = new AsyncDisposableStack();
let sidecar: Daprd;
let broker: Awaited<ReturnType<typeof startBroker>>;
let brokerDir = "";

beforeAll(async () => {
  const dir = await mkdtemp(join(tmpdir(), "tandem-breaker-"));
  stack.defer(() => rm(dir, { recursive: true, force: true }));
  brokerDir = join(dir, "broker");
  broker = stack.use(await startBroker({ dir: brokerDir }));
  const all = await readAll();
  const files = Object.fromEntries(
    ["pubsub.yaml", "resiliency.yaml", "configurations/catalog-worker.yaml"].map((name) => [
      name,
      all[`kind/${name}`] ?? "",
    ]),
  );
  const { resourcesDir, configFileOf } = await writeLocalized(
    join(dir, "dapr"),
    localizeComponents(files, { redis: broker.address, namesFile: join(dir, "names.db") }),
  );
  sidecar = stack.use(
    await startDaprd({
      appId: "catalog-worker",
      resourcesDir,
      configFile: configFileOf("catalog-worker"),
      env: { NAMESPACE: "tandem" },
      readyTimeoutMs: 90_000,
    }),
  );
}, 200_000);
afterAll(() => stack.disposeAsync(), 60_000);

const publish = async (): Promise<string> => {
  const url = `http://127.0.0.1:${sidecar.httpPort}/v1.0/publish/pubsub/product.created`;
  const answer = await fetch(url, { method: "POST", headers: { "content-type": "application/json" }, body: "{}" });
  return `${answer.status} ${await answer.text()}`;
};

it("opens when the broker answers nothing but errors, and closes by itself when it is back", async () => {
  expect(await publish()).toBe("204 ");
  await broker.kill();
  // Within its window of ten seconds; the first of them may still count beside the success above.
  await pollUntil(async () => (await Promise.all(Array.from({ length: 25 }, publish))).some(isOpen), {
    timeoutMs: 60_000,
    message: "the breaker to open",
  });
  stack.use(await startBroker({ dir: brokerDir, port: broker.port }));
  await pollUntil(async () => (await publish()) === "204 ", { timeoutMs: 60_000, message: "the breaker to close" });
  expect(await publish()).toBe("204 ");
}, 150_000);

const isOpen = (answer: string): boolean => answer.includes("circuit breaker is open");
