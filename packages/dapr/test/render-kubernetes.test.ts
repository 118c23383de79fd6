import { describe, expect, it } from "vitest";
import { parse, parseAllDocuments } from "yaml";
import { kubernetesEnvironments, renderKubernetes, type Topology } from "../src/index.ts";

const topology: Topology = {
  apps: [
    { appId: "order", publishes: ["order.created"], consumes: [] },
    {
      appId: "order-worker",
      publishes: ["order.created"],
      consumes: ["price.changed"],
      deadLetterTopic: "order-worker.dead-letters",
    },
    { appId: "pricing", publishes: ["price.changed"], consumes: [] },
  ],
  crons: [{ binding: "cron-order-saga-timeout", schedule: "CRON_TZ=UTC */10 * * * * *", appId: "order-worker" }],
  outbox: { appId: "order", topic: "cart.updated" },
  gateway: { appId: "gateway" },
  calls: [
    {
      caller: "order",
      callee: "pricing",
      operations: [
        { path: "/tandem.pricing.v1.PricingService/Forget", methods: [] },
        { path: "/tandem.pricing.v1.PricingService/**", methods: ["POST"] },
      ],
    },
  ],
};
const appIds = ["order", "order-worker", "pricing", "gateway"];
const { kind, staging, production } = kubernetesEnvironments;
const files = renderKubernetes(topology, kind, appIds);
const configurationOf = (appId: string) => parse(files[`configurations/${appId}.yaml`] ?? "").spec;
const settingsOf = (text: string | undefined): Record<string, unknown> =>
  Object.fromEntries(
    parse(text ?? "").spec.metadata.map(({ name, value, secretKeyRef }: Record<string, string>) => [
      name,
      value ?? secretKeyRef,
    ]),
  );

describe("renderKubernetes", () => {
  it("puts every object into the namespace, and every file into the kustomization", () => {
    const objects = Object.entries(files).flatMap(([name, text]) =>
      name === "kustomization.yaml" ? [] : parseAllDocuments(text).map((document) => document.toJS()),
    );
    expect(objects.map(({ metadata }) => metadata.namespace)).toEqual(objects.map(() => "tandem"));
    expect(parse(files["kustomization.yaml"] ?? "").resources).toEqual(
      Object.keys(files)
        .filter((name) => name !== "kustomization.yaml")
        .sort(),
    );
  });

  it("loads pub/sub where events are consumed, or published by Dapr's outbox, and names the others with nothing", () => {
    expect(parse(files["pubsub.yaml"] ?? "").scopes).toEqual(["order", "order-worker"]);
    const { publishingScopes, subscriptionScopes } = settingsOf(files["pubsub.yaml"]);
    expect(String(publishingScopes).split(";")).toContain("gateway=");
    expect(String(subscriptionScopes).split(";")).toEqual([
      "order=",
      "order-worker=order-worker.dead-letters,price.changed",
      "pricing=",
      "gateway=",
    ]);
  });

  it("calls the outbox's internal topic by the namespace, as daprd does there", () => {
    expect(settingsOf(files["pubsub.yaml"])["allowedTopics"]).toContain("tandemordercart.updatedoutbox");
  });

  it("allows a caller its operations, in their order, and refuses everybody else", () => {
    expect(configurationOf("pricing").accessControl).toEqual({
      defaultAction: "deny",
      trustDomain: "tandem",
      policies: [
        {
          appId: "order",
          defaultAction: "deny",
          trustDomain: "tandem",
          namespace: "tandem",
          operations: [
            { name: "/tandem.pricing.v1.PricingService/Forget", httpVerb: ["*"], action: "deny" },
            { name: "/tandem.pricing.v1.PricingService/**", httpVerb: ["POST"], action: "allow" },
          ],
        },
      ],
    });
    expect(configurationOf("order").accessControl).toEqual({ defaultAction: "deny", trustDomain: "tandem" });
  });

  it("lets an app ask its sidecar for what it needs only", () => {
    const apisOf = (appId: string) => configurationOf(appId).api.allowed.map(({ name }: { name: string }) => name);
    expect([...new Set(apisOf("pricing"))]).toEqual(["metadata"]);
    expect([...new Set(apisOf("order"))]).toEqual(["metadata", "state", "invoke"]);
    expect([...new Set(apisOf("order-worker"))]).toEqual(["metadata", "publish", "lock", "unlock", "state"]);
  });

  it("breaks the circuit of components that only fail, and of no app", () => {
    const { policies, targets } = parse(files["resiliency.yaml"] ?? "").spec;
    expect(targets.apps).toBeUndefined();
    for (const name of ["pubsub", "statestore", "gatewaystore", "lockstore"])
      expect(targets.components[name].outbound).toEqual({ timeout: "store", circuitBreaker: "component" });
    expect(targets.components.pubsub.inbound).toEqual({ retry: "delivery", timeout: "delivery" });
    expect(policies.circuitBreakers.component.trip).toBe("requests >= 20 && totalFailures == requests");
  });

  it("says where traces go and how many, by environment", () => {
    const tracingOf = (environment: typeof staging | typeof kind | typeof production) =>
      parse(renderKubernetes(topology, environment, appIds)["configurations/order.yaml"] ?? "").spec.tracing;
    expect(tracingOf(kind)).toEqual({ samplingRate: "0" });
    expect(tracingOf(staging)).toMatchObject({ samplingRate: "1", otel: { protocol: "http" } });
    expect(tracingOf(production)).toMatchObject({ samplingRate: "0.01", otel: { isSecure: false } });
  });
});

describe("production's pub/sub", () => {
  const settings = settingsOf(renderKubernetes(topology, production, appIds)["pubsub.yaml"]);

  it("is Kafka with a group for each app id, from the first event on, by a login over TLS", () => {
    expect(settings).toMatchObject({
      consumerGroup: "{appID}",
      initialOffset: "oldest",
      authType: "password",
      saslMechanism: "SHA-512",
      disableTls: "false",
      saslPassword: { name: "kafka", key: "password" },
    });
  });

  it("has the same scopes as Redis", () => {
    const redis = settingsOf(files["pubsub.yaml"]);
    for (const name of ["allowedTopics", "protectedTopics", "publishingScopes", "subscriptionScopes"])
      expect(settings[name]).toBe(redis[name]);
  });
});

describe("bad input", () => {
  const [order, worker, pricing] = topology.apps;
  it.each([
    [
      "an app id of the catalogue without topic scopes",
      topology,
      [...appIds, "search-worker"],
      "the app id search-worker has no topic scope in publishingScopes of pubsub",
    ],
    [
      "a job of an app that is none",
      { ...topology, crons: [{ binding: "cron-x", schedule: "* * * * * *", appId: "nobody" }] },
      appIds,
      "nobody appears in the cron binding cron-x, but has no topic scope",
    ],
    [
      "a call to an app that is none",
      { ...topology, calls: [{ caller: "order", callee: "nobody", operations: [] }] },
      appIds,
      "nobody appears in calls of order, but has no topic scope",
    ],
    [
      "an app that consumes without dead letters",
      { ...topology, apps: [{ appId: "order", publishes: [], consumes: ["price.changed"] }, worker, pricing] },
      appIds,
      "order consumes price.changed, but has no dead-letter topic",
    ],
    [
      "a component that is scoped to nobody",
      { ...topology, apps: [order, { appId: "order-worker", publishes: [], consumes: [] }, pricing] },
      appIds,
      "the component lockstore has no scope: every sidecar would load it",
    ],
  ])("%s is named in one sentence", (_what, wrong, ids, message) => {
    expect(() => renderKubernetes(wrong as Topology, kind, ids)).toThrow(new TypeError(message));
  });
});
