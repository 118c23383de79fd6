import { CommunicationProtocolEnum, DaprClient } from "@dapr/dapr";
import { pollUntil } from "@tandem/testkit";
import { describe, expect, it } from "vitest";
import { apiToken } from "./implementation.ts";
import { knownDifferences } from "./known-differences.ts";
import type { World } from "./world.ts";

export const describeSurroundings = (world: () => World): void => {
  describe("cron bindings", () => {
    it("fire on the second, with the time of firing", async () => {
      const before = world().worker.ticks.length;
      const askedAt = Date.now();
      await pollUntil(() => world().worker.ticks.length >= before + 2, { message: "two ticks" });
      const [tick] = world().worker.ticks.slice(-1);
      // Not the second that it was due in, and not when the app came to it: that may be later on a busy machine.
      expect(tick?.firedAt.getTime()).toBeGreaterThan(askedAt - 1_000);
      expect(tick?.firedAt.getTime()).toBeLessThanOrEqual((tick?.at.getTime() ?? 0) + 1_000);
    });

    it("fire in the app that they are scoped to, and in no other", async () => {
      await pollUntil(() => world().worker.ticks.length > 0, {});
      expect(world().bulkWorker.ticks).toEqual([]);
    });
  });

  describe("metadata and health", () => {
    it("tell app id, version, components and subscriptions", async () => {
      const metadata = await world().dapr("worker").metadata();
      expect(metadata.appId).toBe("worker");
      expect(metadata.version).toBe(knownDifferences.runtimeVersion[world().implementation.name]);
      const names = metadata.components.map(({ name, type }) => `${name} ${type}`).sort();
      expect(names).toEqual(["cron-tick bindings.cron", "lockstore lock.redis", "pubsub pubsub.redis"]);
      const created = metadata.subscriptions.find(({ topic }) => topic === "thing.created");
      expect(created).toEqual({ pubsub: "pubsub", topic: "thing.created", deadLetterTopic: "worker.dead-letters" });
    });

    it("show only components in scope", async () => {
      const { components } = await world().dapr("caller").metadata();
      expect(components.map(({ name }) => name).sort()).toEqual(["lockstore", "pubsub", "statestore"]);
    });

    it("answer 204 without a token when the API is up", async () => {
      for (const path of ["/v1.0/healthz/outbound", "/v1.0/healthz"]) {
        const response = await pollUntil(async () => {
          const answer = await fetch(world().httpUrl("worker") + path);
          return answer.ok ? answer : undefined;
        }, {});
        expect(response.status).toBe(204);
      }
    });

    it("are there by HTTP", async () => {
      const response = await fetch(`${world().httpUrl("worker")}/v1.0/metadata`, {
        headers: { "dapr-api-token": apiToken },
      });
      expect(await response.json()).toMatchObject({ id: "worker", components: expect.any(Array) });
    });
  });

  describe("service invocation", () => {
    const headers = { "dapr-app-id": "caller", "dapr-api-token": apiToken, "content-type": "application/json" };

    it("carries a request to another app by the header, and its answer back", async () => {
      const response = await fetch(`${world().httpUrl("worker")}/tandem.test.v1.ThingService/GetThing?x=1`, {
        method: "POST",
        headers: {
          ...headers,
          "connect-timeout-ms": "2500",
          traceparent: "00-11111111111111111111111111111111-2222222222222222-01",
        },
        body: '{"id":"1"}',
      });
      expect(response.status).toBe(200);
      expect(response.headers.get("x-from")).toBe("caller");
      expect(await response.text()).toBe('echo {"id":"1"}');
      const seen = world().requests.at(-1);
      expect(seen).toMatchObject({
        method: "POST",
        url: "/tandem.test.v1.ThingService/GetThing?x=1",
        body: '{"id":"1"}',
      });
      expect(seen?.headers["dapr-caller-app-id"]).toBe("worker");
      expect(seen?.headers["connect-timeout-ms"]).toBe("2500");
      expect(seen?.headers["content-type"]).toContain("application/json");
      expect(seen?.headers["traceparent"]).toContain("11111111111111111111111111111111");
    });

    it("carries it by the path, too", async () => {
      const base = world().dapr("worker").invokeBaseUrl("caller");
      const response = await fetch(`${base}/things/7`, { headers: { "dapr-api-token": apiToken } });
      expect(response.status).toBe(200);
      expect(world().requests.at(-1)).toMatchObject({ method: "GET", url: "/things/7" });
    });

    it("gives back the status that the app answered with", async () => {
      const response = await fetch(`${world().httpUrl("worker")}/teapot`, { headers });
      expect(response.status).toBe(418);
    });

    it("fails with 500 for an app that does not exist", async () => {
      const response = await fetch(`${world().httpUrl("worker")}/x`, {
        headers: { ...headers, "dapr-app-id": "nobody" },
      });
      expect(response.status).toBe(500);
    });
  });

  describe("the official SDK", () => {
    it("keeps state and locks and reads metadata through it", async () => {
      const client = new DaprClient({
        daprHost: "127.0.0.1",
        daprPort: String(world().sidecars.ports("caller").grpcPort),
        communicationProtocol: CommunicationProtocolEnum.GRPC,
        daprApiToken: apiToken,
      });
      const key = crypto.randomUUID();
      await client.state.save("statestore", [{ key, value: { n: 1 } }]);
      expect(await client.state.get("statestore", key)).toEqual({ n: 1 });
      expect(await client.lock.lock("lockstore", key, "me", 10)).toEqual({ success: true });
      expect(await client.lock.lock("lockstore", key, "you", 10)).toEqual({ success: false });
      expect(await client.metadata.get()).toMatchObject({ id: "caller" });
      await client.pubsub.publish("pubsub", "thing.created", { sdk: key });
      await pollUntil(() => world().worker.received.some(({ data }) => data.includes(key)), { message: "the event" });
    });
  });
};
