import { gatewayEntry, serviceCatalogue } from "@tandem/contracts";
import { DeadLetterService, JobService, OutboxService } from "@tandem/contracts/common";
import { kubernetesEnvironments, type RenderedFiles, type Topology } from "@tandem/dapr";
import { createRestRouter } from "@tandem/transcoding";
import { beforeAll, describe, expect, it } from "vitest";
import { readAll, readTopology } from "../render-components.ts";
import { isAllowed } from "./daprd-access.ts";
import { componentsIn, configurationOf, readTopicScopes } from "./read-scopes.ts";

const appIds = [
  ...serviceCatalogue.flatMap(({ apiAppId, workerAppId }) => [apiAppId, workerAppId]),
  gatewayEntry.apiAppId,
].sort();

let topology: Topology;
let committed: RenderedFiles;
beforeAll(async () => {
  topology = await readTopology();
  committed = await readAll();
}, 60_000);

const filesOf = (folder: string): RenderedFiles =>
  Object.fromEntries(
    Object.entries(committed)
      .filter(([name]) => name.startsWith(`${folder}/`))
      .map(([name, text]) => [name.slice(folder.length + 1), text]),
  );

const topicsConsumedBy = (appId: string): readonly string[] => {
  const app = topology.apps.find((one) => one.appId === appId);
  return app?.deadLetterTopic === undefined ? [] : [...app.consumes, app.deadLetterTopic].sort();
};

describe.each(Object.keys(kubernetesEnvironments))("components/%s", (folder) => {
  it("says for every app id what it may publish and subscribe to", () => {
    expect([...readTopicScopes(filesOf(folder), "publishingScopes").keys()].sort()).toEqual(appIds);
    expect([...readTopicScopes(filesOf(folder), "subscriptionScopes").keys()].sort()).toEqual(appIds);
  });

  it("lets each app subscribe to what it consumes and to its own dead letters, and to nothing else", () => {
    const scopes = readTopicScopes(filesOf(folder), "subscriptionScopes");
    for (const appId of appIds) expect([appId, scopes.get(appId)]).toEqual([appId, topicsConsumedBy(appId)]);
  });

  it("protects every topic that somebody publishes or consumes, and knows no other", () => {
    const settings = componentsIn(filesOf(folder)).find(({ metadata }) => metadata.name === "pubsub")?.spec.metadata;
    const listOf = (name: string) => settings?.find((item) => item.name === name)?.value?.split(",") ?? [];
    const used = (kind: "publishingScopes" | "subscriptionScopes") =>
      [...readTopicScopes(filesOf(folder), kind).values()].flat();
    expect(listOf("protectedTopics")).toEqual(
      [...new Set([...used("publishingScopes"), ...used("subscriptionScopes")])].sort(),
    );
    expect(listOf("allowedTopics")).toEqual(listOf("protectedTopics"));
  });

  it("lets no worker publish another context's events", () => {
    const scopes = readTopicScopes(filesOf(folder), "publishingScopes");
    expect(scopes.get("payment-worker")).not.toContain("order.created");
    for (const [appId, topics] of scopes) {
      const strangers = topics.filter((topic) => topic.endsWith(".dead-letters") && topic !== `${appId}.dead-letters`);
      expect([appId, strangers]).toEqual([appId, []]);
    }
  });

  it("scopes every component to app ids that there are, in one namespace", () => {
    const components = componentsIn(filesOf(folder));
    expect(components.length).toBeGreaterThan(20);
    for (const { metadata, scopes = [] } of components) {
      expect([metadata.name, metadata.namespace, scopes.length > 0]).toEqual([metadata.name, "tandem", true]);
      expect(appIds).toEqual(expect.arrayContaining([...scopes]));
    }
  });

  it("takes hosts and passwords from secrets only", () => {
    const places = /^(?:redisHost|redisPassword|connectionString|brokers|saslUsername|saslPassword)$/;
    const items = componentsIn(filesOf(folder)).flatMap(({ spec }) =>
      spec.metadata.filter(({ name }) => places.test(name)),
    );
    expect(items.length).toBeGreaterThan(4);
    for (const item of items) expect(item).toEqual({ name: item.name, secretKeyRef: expect.anything() });
  });

  it("has a Configuration for every app id, which denies whom it does not name", () => {
    for (const appId of appIds) {
      const { defaultAction, policies = [] } = configurationOf(filesOf(folder), appId)?.accessControl ?? {};
      expect([appId, defaultAction]).toEqual([appId, "deny"]);
      if (appId.endsWith("-worker") || appId === "gateway") expect([appId, policies]).toEqual([appId, []]);
    }
  });

  it("lets workers publish, callers invoke, and nobody read secrets or stop the sidecar", () => {
    const apisOf = (appId: string) => [
      ...new Set(configurationOf(filesOf(folder), appId)?.api.allowed.map(({ name }) => name)),
    ];
    expect(apisOf("catalog")).toEqual(["metadata"]);
    expect(apisOf("catalog-worker")).toEqual(["metadata", "publish", "lock", "unlock"]);
    expect(apisOf("gateway")).toEqual(["metadata", "state", "invoke"]);
    expect(apisOf("order")).toEqual(["metadata", "state", "invoke"]);
    const protocols = configurationOf(filesOf(folder), "catalog")?.api.allowed.map(({ protocol }) => protocol);
    // One without an entry would be open.
    expect(protocols).toEqual(["http", "grpc"]);
  });
});

describe("access control", () => {
  const operationsOf = (callee: string, caller: string) =>
    configurationOf(filesOf("production"), callee)?.accessControl.policies?.find(({ appId }) => appId === caller)
      ?.operations ?? [];

  it.each(serviceCatalogue.map(({ context }) => context))("lets the gateway reach every route of %s", (context) => {
    const operations = operationsOf(context, "gateway");
    const own = serviceCatalogue.find((entry) => entry.context === context)?.services ?? [];
    const services = [...own, DeadLetterService, JobService, OutboxService];
    const refused = [
      ...createRestRouter(services).routes.map(({ httpMethod, pathTemplate }) => [
        httpMethod,
        pathTemplate.replaceAll(/\{[^}]*\}/g, "0198c0de-0000-7000-8000-00000000000A"),
      ]),
      ...services.flatMap(({ typeName, methods }) => methods.map(({ name }) => ["POST", `/${typeName}/${name}`])),
      ["GET", "/readyz"],
    ].filter(([method = "", path = ""]) => !isAllowed(operations, method, path));
    const hidden = [
      ["POST", "/auth/token"],
      ["POST", "/tandem.auth.v1.AuthService/IssueServiceToken"],
    ];
    expect(refused).toEqual(context === "auth" ? hidden : []);
  });

  it("keeps the gateway from what is no API", () => {
    const operations = operationsOf("order", "gateway");
    for (const path of ["/metrics", "/livez", "/dapr/config", "/", "/tandem.pricing.v1.PricingService/CreateQuote"])
      expect([path, isAllowed(operations, "GET", path)]).toEqual([path, false]);
    expect(isAllowed(operations, "POST", "/readyz")).toBe(false);
  });

  it("lets a context call the services of those it depends on, and not their REST or operations", () => {
    const operations = operationsOf("pricing", "order");
    expect(isAllowed(operations, "POST", "/tandem.pricing.v1.PricingService/CreateQuote")).toBe(true);
    expect(isAllowed(operations, "POST", "/quotes")).toBe(false);
    expect(isAllowed(operations, "POST", "/tandem.common.v1.JobService/RunJob")).toBe(false);
    expect(operationsOf("catalog", "order")).toEqual([]);
  });

  it("lets common-operations run jobs and replay dead letters of every context, and look at no outbox", () => {
    for (const { context } of serviceCatalogue) {
      const operations = operationsOf(context, "common-operations-worker");
      expect([context, isAllowed(operations, "POST", "/tandem.common.v1.JobService/RunJob")]).toEqual([context, true]);
      expect(isAllowed(operations, "POST", "/tandem.common.v1.OutboxService/GetOutbox")).toBe(false);
    }
  });
});
