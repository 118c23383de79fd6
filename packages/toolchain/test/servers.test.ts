import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createConnection } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { findTool, startBroker, startDaprd } from "@tandem/toolchain";
import { afterEach, beforeEach, describe, expect, it } from "vitest";

const broker = findTool("broker");
const daprd = findTool("daprd");
const because = (tool: typeof broker): string => (tool.found ? "" : ` (skipped: ${tool.reason})`);

let base = "";
beforeEach(() => {
  base = mkdtempSync(join(tmpdir(), "tandem-servers-"));
  mkdirSync(join(base, "resources"));
});
afterEach(() => rmSync(base, { recursive: true, force: true }));

const command = (port: number, text: string): Promise<string> =>
  new Promise((resolve, reject) => {
    const socket = createConnection({ host: "127.0.0.1", port });
    socket.once("connect", () => socket.write(`${text}\r\n`));
    socket.once("error", reject);
    socket.once("data", (data: Buffer) => {
      socket.destroy();
      resolve(data.toString().trim());
    });
  });

const component = (file: string, type: string, metadata: Readonly<Record<string, string>>): void => {
  const items = Object.entries(metadata).map(([name, value]) => `    - { name: ${name}, value: "${value}" }`);
  const head = `apiVersion: dapr.io/v1alpha1\nkind: Component\nmetadata: { name: ${file} }\n`;
  const spec = `spec:\n  type: ${type}\n  version: v1\n  metadata:${items.length === 0 ? " []" : `\n${items.join("\n")}`}\n`;
  writeFileSync(join(base, "resources", `${file}.yaml`), head + spec);
};

describe.skipIf(!broker.found)(`startBroker${because(broker)}`, () => {
  it("listens on loopback only", async () => {
    await using server = await startBroker({ dir: join(base, "broker") });
    expect(await command(server.port, "CONFIG GET bind")).toContain("127.0.0.1");
    expect(server.address).toBe(`127.0.0.1:${server.port}`);
  });

  it("keeps what it acknowledged through kill -9 when it is durable, on the same port", async () => {
    const options = { dir: join(base, "broker"), durability: "always" } as const;
    const first = await startBroker(options);
    await command(first.port, "XADD stream 1-1 a b");
    await first.kill();
    await using second = await startBroker({ ...options, port: first.port });
    expect(await command(second.port, "XLEN stream")).toBe(":1");
  });

  it("says that the port is taken", async () => {
    await using first = await startBroker({ dir: join(base, "one") });
    await expect(startBroker({ dir: join(base, "two"), port: first.port })).rejects.toThrow(
      `port ${first.port} is in use`,
    );
  });
});

describe.skipIf(!daprd.found)(`startDaprd${because(daprd)}`, () => {
  it("publishes as soon as it is ready, with the components of its folder", async () => {
    component("pubsub", "pubsub.in-memory", {});
    await using sidecar = await startDaprd({ appId: "order", resourcesDir: join(base, "resources") });
    const url = `http://127.0.0.1:${sidecar.httpPort}/v1.0/publish/pubsub/order.created`;
    const answer = await fetch(url, { method: "POST", body: "{}", headers: { "content-type": "application/json" } });
    expect(answer.status).toBe(204);
  });

  it("publishes through a real broker", async () => {
    await using server = await startBroker({ dir: join(base, "broker") });
    component("pubsub", "pubsub.redis", { redisHost: server.address });
    await using sidecar = await startDaprd({ appId: "order", resourcesDir: join(base, "resources") });
    const url = `http://127.0.0.1:${sidecar.httpPort}/v1.0/publish/pubsub/order.created`;
    await fetch(url, { method: "POST", body: "{}", headers: { "content-type": "application/json" } });
    expect(await command(server.port, "XLEN order.created")).toBe(":1");
  });

  it("asks callers for the token", async () => {
    const resourcesDir = join(base, "resources");
    await using sidecar = await startDaprd({ appId: "order", resourcesDir, apiToken: "secret" });
    const url = `http://127.0.0.1:${sidecar.httpPort}/v1.0/metadata`;
    expect((await fetch(url)).status).toBe(401);
    expect((await fetch(url, { headers: { "dapr-api-token": "secret" } })).status).toBe(200);
  });

  it("names the topics it has no subscription to", async () => {
    component("pubsub", "pubsub.in-memory", {});
    await using sidecar = await startDaprd({ appId: "order", resourcesDir: join(base, "resources") });
    await expect(sidecar.untilSubscribed(["order.created"], 100)).rejects.toThrow(
      "daprd order has not subscribed to order.created within 100 ms",
    );
  });

  it("fails with daprd's own words", async () => {
    component("pubsub", "pubsub.redis", { redisHost: "127.0.0.1:1" });
    const starting = startDaprd({ appId: "order", resourcesDir: join(base, "resources") });
    await expect(starting).rejects.toThrow(/daprd order ended[\s\S]*connection refused/);
  });
});
