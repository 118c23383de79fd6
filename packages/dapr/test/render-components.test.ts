import { describe, expect, it } from "vitest";
import { parse, parseAllDocuments } from "yaml";
import { localEnvironment, renderComponents, renderConfiguration, type Topology } from "../src/index.ts";

const topology: Topology = {
  apps: [
    { appId: "order", publishes: ["order.created", "cart.updated"], consumes: [] },
    {
      appId: "order-worker",
      publishes: ["order.created", "cart.updated"],
      consumes: ["stock.reserved"],
      deadLetterTopic: "order-worker.dead-letters",
    },
    { appId: "warehouse", publishes: ["stock.reserved"], consumes: [] },
    {
      appId: "warehouse-worker",
      publishes: ["stock.reserved"],
      consumes: ["order.created"],
      deadLetterTopic: "warehouse-worker.dead-letters",
    },
  ],
  crons: [{ binding: "cron-order-saga-timeout", schedule: "CRON_TZ=UTC */10 * * * * *", appId: "order-worker" }],
  outbox: { appId: "order", topic: "cart.updated" },
  gateway: { appId: "gateway" },
};

const files = renderComponents(topology, localEnvironment);
const settingsOf = (file: string): Record<string, string> =>
  Object.fromEntries(
    parse(files[file] ?? "").spec.metadata.map((item: { name: string; value?: string; envRef?: string }) => [
      item.name,
      item.value ?? `env ${item.envRef}`,
    ]),
  );

describe("renderComponents", () => {
  it("renders the same text every time", () => {
    expect(renderComponents(topology, localEnvironment)).toEqual(files);
  });

  it("lets an app publish its own topics, a worker its dead letters, and the outbox's app its internal topic", () => {
    const { publishingScopes = "" } = settingsOf("pubsub.yaml");
    expect(publishingScopes.split(";")).toEqual([
      "order=cart.updated,defaultordercart.updatedoutbox,order.created",
      "order-worker=cart.updated,order-worker.dead-letters,order.created",
      "warehouse=stock.reserved",
      "warehouse-worker=stock.reserved,warehouse-worker.dead-letters",
    ]);
  });

  it("lets only workers subscribe, to what they consume and to their dead letters", () => {
    expect(settingsOf("pubsub.yaml")["subscriptionScopes"]?.split(";")).toEqual([
      "order=",
      "order-worker=order-worker.dead-letters,stock.reserved",
      "warehouse=",
      "warehouse-worker=order.created,warehouse-worker.dead-letters",
    ]);
  });

  it("protects every topic, and allows no other", () => {
    const { protectedTopics, allowedTopics } = settingsOf("pubsub.yaml");
    expect(allowedTopics).toBe(protectedTopics);
    expect(allowedTopics?.split(",")).toEqual([
      "cart.updated",
      "defaultordercart.updatedoutbox",
      "order-worker.dead-letters",
      "order.created",
      "stock.reserved",
      "warehouse-worker.dead-letters",
    ]);
  });

  it("gives Redis its intervals in plain milliseconds, and more time than all tries of a delivery take", () => {
    const { processingTimeout, redeliverInterval } = settingsOf("pubsub.yaml");
    expect([processingTimeout, redeliverInterval]).toEqual(["30000", "5000"]);
    const { maxRetries } = parse(files["resiliency.yaml"] ?? "").spec.policies.retries.delivery;
    const pauses = Array.from({ length: maxRetries }, (_, n) => Math.min(5_000, 500 * 1.5 ** n));
    expect(pauses.reduce((sum, pause) => sum + pause, 0)).toBeLessThan(Number(processingTimeout));
  });

  it("scopes each cron binding to its worker, as an input", () => {
    const [document] = parseAllDocuments(files["cron.yaml"] ?? "");
    expect(document?.toJS()).toMatchObject({
      metadata: { name: "cron-order-saga-timeout" },
      spec: {
        type: "bindings.cron",
        metadata: [
          { name: "schedule", value: "CRON_TZ=UTC */10 * * * * *" },
          { name: "direction", value: "input" },
        ],
      },
      scopes: ["order-worker"],
    });
  });

  it("gives the state store the outbox, and takes where things are from the sidecar's environment", () => {
    expect(settingsOf("statestore.yaml")).toMatchObject({
      connectionString: "env TANDEM_STATE_URL",
      outboxPublishPubsub: "pubsub",
      outboxPublishTopic: "cart.updated",
    });
    expect(settingsOf("pubsub.yaml")["redisHost"]).toBe("env TANDEM_REDIS_HOST");
    expect(parse(files["statestore.yaml"] ?? "").scopes).toEqual(["order", "order-worker"]);
  });

  it("reads secrets from where they are kept", () => {
    const redisPassword = { secretKeyRef: { name: "redis", key: "password" } };
    const text = renderComponents(topology, { ...localEnvironment, redisPassword })["pubsub.yaml"] ?? "";
    expect(parse(text).spec.metadata).toContainEqual({ name: "redisPassword", ...redisPassword });
  });

  it("renders a configuration apart", () => {
    expect(parse(renderConfiguration(localEnvironment))).toMatchObject({
      kind: "Configuration",
      spec: { tracing: { samplingRate: "0" }, nameResolution: { component: "sqlite" } },
    });
    expect(Object.values(files).join()).not.toContain("kind: Configuration");
  });
});
