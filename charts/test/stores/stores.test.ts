import { describe, expect, it } from "vitest";
import { type Environment, environments } from "../../src/environments/index.ts";
import { createScope } from "../../src/scope.ts";
import { secretCatalogue } from "../../src/secrets/secret-catalogue.ts";
import { addStores } from "../../src/stores/index.ts";
import type { StoreSettings } from "../../src/stores/store-settings.ts";
import { platform } from "../fixtures.ts";

// Manifests are what YAML makes them.
// biome-ignore lint/suspicious/noExplicitAny: as above
type Anything = any;

const { local, staging, production } = environments;
const settings = local.stores as StoreSettings;
const everything: StoreSettings = {
  ...settings,
  openSearch: { image: "opensearchproject/opensearch:3.8.0" },
  otelCollector: { image: "otel/opentelemetry-collector:0.142.0" },
};

const objectsWith = (stores: StoreSettings, among: Environment = local): readonly Anything[] => {
  const environment = { ...among, stores };
  const { scope, manifests } = createScope(platform, environment);
  addStores(scope, environment);
  return [...manifests().values()].flat();
};
const objects = objectsWith(everything);
const find = (kind: string, name: string, among = objects): Anything => {
  const found = among.find((object) => object.kind === kind && object.metadata.name === name);
  if (found === undefined) throw new Error(`there is no ${kind} ${name}`);
  return found;
};
const workloads = objects.filter(({ kind }) => ["StatefulSet", "Deployment", "Job"].includes(kind));
const names = workloads.map(({ metadata }) => metadata.name);

describe("stores", () => {
  it("are those of a local cluster only: others have managed ones", () => {
    for (const environment of [staging, production]) {
      const { scope, manifests } = createScope(platform, environment);
      addStores(scope, environment);
      expect(manifests().size).toBe(0);
    }
  });

  it("are Postgres, Redis and the inbox, and the others where they are asked for", () => {
    const usual = objectsWith(settings).filter(({ kind }) => kind === "StatefulSet" || kind === "Deployment");
    expect(usual.map(({ metadata }) => metadata.name).sort()).toEqual(["local-inbox", "postgres", "redis"]);
    expect(names.sort()).toEqual([
      "local-inbox",
      "opensearch",
      "otel-collector",
      "postgres",
      "postgres-state",
      "redis",
    ]);
  });

  it.each(names)("%s runs under the restricted standard, without a token", (name) => {
    const { template } = workloads.find(({ metadata }) => metadata.name === name).spec;
    expect(template.spec).toMatchObject({
      automountServiceAccountToken: false,
      securityContext: { runAsNonRoot: true, seccompProfile: { type: "RuntimeDefault" } },
    });
    for (const container of template.spec.containers) {
      expect(container.securityContext).toMatchObject({
        allowPrivilegeEscalation: false,
        readOnlyRootFilesystem: name !== "opensearch",
        capabilities: { drop: ["ALL"] },
      });
      expect(Object.keys(container.resources.limits)).toEqual(["memory"]);
      expect(container.resources.requests).toHaveProperty("cpu");
    }
  });

  it.each(names.filter((name) => name !== "postgres-state"))("%s has probes, a service, and a budget", (name) => {
    const [container] = workloads.find(({ metadata }) => metadata.name === name).spec.template.spec.containers;
    expect(container).toMatchObject({
      startupProbe: expect.anything(),
      livenessProbe: expect.anything(),
      readinessProbe: expect.anything(),
    });
    const ports = container.ports.map(({ containerPort }: Anything) => containerPort);
    expect(find("Service", name).spec.ports.map(({ port }: Anything) => port)).toEqual(ports);
    expect(find("PodDisruptionBudget", name).spec.maxUnavailable).toBe(1);
  });

  it("take passwords from secrets that the catalogue has in their namespace", () => {
    const known = secretCatalogue(platform, local)
      .filter(({ namespace }) => namespace === "tandem-stores")
      .flatMap(({ name, keys }) => keys.map(({ key }) => `${name} ${key}`));
    const used = workloads
      .flatMap(({ spec }) => spec.template.spec.containers.flatMap(({ env = [] }: Anything) => env))
      .flatMap(({ valueFrom }: Anything) => (valueFrom ? [valueFrom.secretKeyRef] : []))
      .map(({ name, key }: Anything) => `${name} ${key}`);
    expect([...new Set(used)].sort()).toEqual(known.sort());
  });

  it("are where the environment says that they are", () => {
    const addressOf = (name: string) => `${name}.tandem-stores:${find("Service", name).spec.ports[0].port}`;
    expect(local.broker).toEqual({ kind: "redis", address: addressOf("redis") });
    for (const peer of [local.network.postgres, local.network.broker, local.network.mail]) {
      const name = "labels" in peer.to ? peer.to.labels?.["app.kubernetes.io/name"] : undefined;
      expect(find("Service", name ?? "").spec.ports.map(({ port }: Anything) => port)).toEqual(
        expect.arrayContaining([...peer.ports]),
      );
    }
  });

  it("are reached by the platform's pods only, and reach nobody", () => {
    expect(find("NetworkPolicy", "default-deny").spec).toEqual({ podSelector: {}, policyTypes: ["Ingress", "Egress"] });
    for (const name of ["postgres", "redis", "local-inbox"]) {
      const [rule] = find("NetworkPolicy", name).spec.ingress;
      expect(rule.from[0].namespaceSelector.matchLabels).toEqual({ "kubernetes.io/metadata.name": "tandem" });
    }
    const inbox = find("NetworkPolicy", "local-inbox").spec.ingress[0].from[0];
    expect(inbox.podSelector.matchExpressions[0].values).toEqual(["notification"]);
  });

  it("keep data in a volume of their own where the cluster makes volumes", () => {
    const claims = objectsWith({ ...settings, volumes: { kind: "claim", size: "5Gi" } });
    const { spec } = find("StatefulSet", "postgres", claims);
    expect(spec.volumeClaimTemplates[0].spec.resources.requests.storage).toBe("5Gi");
    expect(spec.template.spec.volumes.map(({ name }: Anything) => name)).not.toContain("data");
    const without = find("StatefulSet", "postgres", objectsWith({ ...settings, volumes: { kind: "emptyDir" } })).spec;
    expect(without.volumeClaimTemplates).toBeUndefined();
    expect(without.template.spec.volumes[0]).toEqual({ name: "data", emptyDir: {} });
  });

  it("let Redis refuse rather than forget, and write down what it was given", () => {
    const [{ args }] = find("StatefulSet", "redis").spec.template.spec.containers;
    const argumentOf = (flag: string) => args[args.indexOf(flag) + 1];
    expect([argumentOf("--maxmemory-policy"), argumentOf("--appendonly")]).toEqual(["noeviction", "yes"]);
    expect(argumentOf("--requirepass")).toBe("$(REDISCLI_AUTH)");
  });
});

describe("bad input", () => {
  it.each([
    [
      "a search engine that nobody brings",
      { ...local, search: { engine: "elasticsearch", url: "http://opensearch.tandem-stores:9200" } } as const,
      "local searches at http://opensearch.tandem-stores:9200, and has no opensearch among its stores",
    ],
    [
      "traces that nobody takes",
      { ...local, otlpEndpoint: "http://otel-collector.tandem-stores:4318" },
      "local sends traces to http://otel-collector.tandem-stores:4318, and has no otel-collector among its stores",
    ],
  ])("is %s", (_what, environment, message) => {
    expect(() => objectsWith(settings, environment)).toThrow(message);
    expect(objectsWith(everything, environment).length).toBeGreaterThan(0);
  });
});
