import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fromJson } from "@bufbuild/protobuf";
import { gatewayEntry, serviceCatalogue, topicCatalogue } from "@tandem/contracts";
import { findTool } from "@tandem/toolchain";
import { beforeAll, describe, expect, it } from "vitest";
import { parseAllDocuments } from "yaml";
import {
  before,
  type Evaluated,
  evaluate,
  findBrokenDependencies,
  type KubernetesObject,
  repository,
} from "./evaluate.ts";

const contexts = serviceCatalogue.map(({ context }) => context);
const tool = findTool("tiltfile");

const objectsIn = (folder: string): readonly KubernetesObject[] =>
  readdirSync(join(repository, folder), { recursive: true, encoding: "utf8" })
    .filter((name) => name.endsWith(".yaml") && !name.endsWith("kustomization.yaml"))
    .flatMap((name) => parseAllDocuments(readFileSync(join(repository, folder, name), "utf8")))
    .map((document) => document.toJS() as KubernetesObject | null)
    .filter((one) => one !== null);
const labelOf = ({ kind, metadata: { name, namespace } }: KubernetesObject) => `${kind} ${namespace}/${name}`;

/** Of the one workload that a resource has. */
const containerOf = ({ resources }: Pick<Evaluated, "resources">, name: string) =>
  resources.get(name)?.objects.find(({ spec }) => spec?.template)?.spec.template.spec.containers[0];

const failureOf = (settings: readonly string[]): string => {
  try {
    evaluate(settings);
  } catch (error) {
    return String((error as { stderr?: string }).stderr);
  }
  return "";
};

describe.skipIf(!tool.found)("the Tiltfile", () => {
  let up: Evaluated;
  beforeAll(() => {
    up = evaluate();
  });

  it("deploys exactly the objects of k8s/local and components/kind, each once", () => {
    const deployed = [...up.resources.values()].flatMap(({ objects }) => objects.map(labelOf)).sort();
    const written = [...objectsIn("k8s/local"), ...objectsIn("components/kind")].map(labelOf).sort();
    expect(deployed).toEqual(written);
    expect(up.unassigned).toEqual([]);
  });

  it("has an API, a worker and a migration of every context of the catalogue, each with what is its own", () => {
    for (const context of contexts) {
      for (const name of [context, `${context}-worker`, `${context}-migrate`]) {
        const resource = up.resources.get(name);
        expect(
          resource?.objects.map(({ kind }) => kind),
          name,
        ).toContain("ServiceAccount");
        for (const { metadata } of resource?.objects ?? []) expect(metadata.name.startsWith(name), name).toBe(true);
      }
      expect(up.resources.get(context)?.labels).toEqual(["contexts"]);
      expect(up.resources.get(`${context}-migrate`)?.labels).toEqual(["migrations"]);
    }
    expect(up.resources.get(gatewayEntry.context)?.labels).toEqual(["contexts"]);
  });

  it("puts every resource under a label", () => {
    const labels = new Set([...up.resources.values()].flatMap((one) => one.labels));
    expect([...labels].sort()).toEqual(["bundles", "contexts", "dapr", "migrations", "stores", "tools"]);
    expect([...up.resources.values()].filter((one) => one.labels.length === 0)).toEqual([]);
  });

  it("waits for nothing that there is not, and never in a circle", () => {
    expect(findBrokenDependencies(up.resources)).toEqual([]);
  });

  it("brings up Dapr, secrets, stores, components and the own migration before a context", () => {
    for (const { context } of serviceCatalogue) {
      for (const name of [context, `${context}-worker`]) {
        expect([...before(up.resources, name)], name).toEqual(
          expect.arrayContaining([
            "namespaces",
            "dapr-system",
            "secrets",
            "postgres",
            "redis",
            "components",
            `${context}-migrate`,
          ]),
        );
      }
      const migration = before(up.resources, `${context}-migrate`);
      expect([migration.has("secrets"), migration.has("postgres"), migration.has(context)]).toEqual([
        true,
        true,
        false,
      ]);
    }
  });

  it("places the demonstration order only after everybody who has a part in it", () => {
    const first = before(up.resources, "demo");
    for (const name of [...contexts.flatMap((one) => [one, `${one}-worker`]), gatewayEntry.context])
      expect(first.has(name), name).toBe(true);
  });

  it("builds an image for every image of ours in the manifests, and no other", () => {
    const built = up.calls.filter(({ name }) => name === "custom_build").map(({ args }) => args["ref"] as string);
    const used = [...up.resources.values()]
      .flatMap(({ objects }) => objects)
      .flatMap(({ spec }) => (spec?.template?.spec?.containers ?? []) as readonly { image: string }[])
      .map(({ image }) => image.replace(/[:@].*$/, ""))
      .filter((repositoryName) => repositoryName.includes("/tandem/"));
    expect(built.sort()).toEqual([...new Set(used)].sort());
  });

  it("starts what is changed anew, and asks a person before it migrates", () => {
    for (const context of contexts) {
      expect(up.resources.get(context)?.options["trigger_mode"]).toBe("auto");
      expect(up.resources.get(`${context}-migrate`)?.options["trigger_mode"]).toBe("manual");
    }
  });

  it("syncs bundles into containers that take files, and leaves their launchers alone", () => {
    for (const { args } of up.calls.filter(({ name }) => name === "custom_build")) {
      const synced = (args["live_update"] as readonly { local_path: string; remote_path: string }[]) ?? [];
      expect(synced.map((step) => step.remote_path)).toEqual(["/app/lib", "/app/packages", "/app/services"]);
      for (const { local_path: path } of synced)
        expect(
          args["deps"].some((watched: string) => path.startsWith(`${watched}/`)),
          path,
        ).toBe(true);
      expect(args["command"].join(" ")).toContain("--target dev");
    }
    const container = containerOf(up, "order");
    expect(container.securityContext).toMatchObject({ readOnlyRootFilesystem: false, runAsNonRoot: true });
    expect(container.env).toContainEqual({ name: "DRAIN_DELAY_MS", value: "0" });
  });

  it("has a button for all that one does with a platform", () => {
    const tools = [...up.resources.values()].filter(({ labels }) => labels.includes("tools")).map(({ name }) => name);
    expect(tools.sort()).toEqual(
      ["dead-letters", "demo", "jobs", "load", "migrate", "publish", "replay", "run-job", "seed", "token"].sort(),
    );
    for (const { args } of up.calls.filter(({ name }) => name === "v1alpha1.ui_button")) {
      const started = up.calls.filter(
        ({ name, args: own }) => name === "v1alpha1.cmd" && own["start_on"].ui_buttons.includes(args["name"]),
      );
      expect(started.length, args["name"]).toBe(1);
      expect(up.resources.has(args["location"].component_id), args["name"]).toBe(true);
    }
    // None of them starts by itself.
    for (const name of tools) expect(up.resources.get(name)?.options["auto_init"], name).toBe(false);
  });

  it("publishes by default an event that its topic's own schema takes", () => {
    const event = up.resources.get("publish")?.options["env"];
    const topic = topicCatalogue.find(({ name }) => name === event.TOPIC);
    if (!topic) throw new Error(`there is no topic ${event.TOPIC}`);
    const message = fromJson(topic.schema, JSON.parse(event.DATA));
    expect(topic.aggregateIdOf(message)).not.toBe("");
  });

  it("opens the door, the inbox and Postgres on this machine, beside a platform that has their ports", () => {
    const portsOf = ({ resources }: Evaluated) =>
      [...resources.values()].flatMap(({ options }) =>
        ((options["port_forwards"] ?? []) as readonly { local_port: number; container_port: number }[]).map(
          (one) => [one.local_port, one.container_port] as const,
        ),
      );
    const here = portsOf(up).sort(([one], [other]) => one - other);
    expect(here).toEqual([
      [8025, 8025],
      [8080, 8080],
      [9080, 9080],
      [54_320, 5432],
    ]);
    expect(portsOf(evaluate(["--port-offset", "600"])).map(([port]) => port)).toContain(8680);
  });
});

describe.skipIf(!tool.found)("the Tiltfile's settings", () => {
  it("run what was asked for, and those that they call", () => {
    const { resources } = evaluate(["--only", "order,payment"]);
    expect(findBrokenDependencies(resources)).toEqual([]);
    const chosen = contexts.filter((name) => resources.has(name));
    expect(chosen).toEqual(["order", "payment", "pricing", "auth"]);
    expect(resources.has("gateway")).toBe(true);
    expect(resources.has("demo")).toBe(false);
  });

  it("refuse a context that there is not with a sentence that names those that there are", () => {
    expect(failureOf(["--only", "orders"])).toMatch(/there is no context "orders"; there are order, payment/);
  });

  it("refuse engines that there are not, and two ways to the same image", () => {
    expect(failureOf(["--search", "solr"])).toContain('--search is postgres or opensearch, not "solr"');
    expect(failureOf(["--engine", "lxc"])).toContain('--engine is docker or podman, not "lxc"');
    expect(failureOf(["--image-loader", "x", "--registry", "y"])).toContain(
      "--image-loader is for a cluster without a registry",
    );
  });

  it("let tilt ci run what is shipped, and end with an order", () => {
    const { calls, resources } = evaluate([], "ci");
    expect(resources.get("demo")?.options["auto_init"]).toBe(true);
    expect([...resources.keys()].filter((name) => name.startsWith("bundle-"))).toEqual([]);
    for (const { args } of calls.filter(({ name }) => name === "custom_build")) {
      expect(args["live_update"]).toEqual([]);
      expect(args["command"]).not.toContain("dev");
      expect(args["deps"].some((path: string) => path.endsWith("/src"))).toBe(true);
    }
    const container = containerOf({ resources }, "order");
    expect(container.securityContext.readOnlyRootFilesystem).toBe(true);
  });

  it("take images that are in the cluster as they are", () => {
    const { calls, resources } = evaluate(["--as-is"], "ci");
    expect(calls.filter(({ name }) => name === "custom_build")).toEqual([]);
    expect(
      resources.get("postgres")?.objects.find(({ kind }) => kind === "StatefulSet")?.spec.template.spec.containers[0]
        .image,
    ).toMatch(/^localhost\//);
  });

  it("pull the stores where a registry is, and hand images to a loader where none is", () => {
    const imageOf = ({ resources }: Evaluated) =>
      resources.get("postgres")?.objects.find(({ kind }) => kind === "StatefulSet")?.spec.template.spec.containers[0]
        .image;
    expect(imageOf(evaluate())).toMatch(/^docker\.io\/library\/postgres:/);
    const loaded = evaluate(["--image-loader", "kind load docker-image --name tandem"]);
    expect(imageOf(loaded)).toMatch(/^localhost\/postgres:/);
    const [build] = loaded.calls.filter(({ name }) => name === "custom_build");
    expect(build?.args["command"]).toContain("kind load docker-image --name tandem");
    expect([build?.args["skips_local_docker"], build?.args["disable_push"]]).toEqual([true, true]);
  });

  // Every service is loaded for it, to ask which topics it has.
  it("add a search engine and a collector from the same charts, and lead to them", { timeout: 120_000 }, () => {
    const { resources, unassigned } = evaluate(["--search", "opensearch", "--telemetry"]);
    expect(unassigned).toEqual([]);
    expect(findBrokenDependencies(resources)).toEqual([]);
    for (const name of ["opensearch", "otel-collector"]) {
      expect(resources.get(name)?.labels).toEqual(["stores"]);
      expect(before(resources, "search").has(name)).toBe(true);
    }
    const settings = resources.get("search")?.objects.find(({ kind }) => kind === "ConfigMap")?.data;
    expect(settings).toMatchObject({
      SEARCH_ENGINE_URL: "http://opensearch.tandem-stores:9200",
      OTEL_EXPORTER_OTLP_ENDPOINT: "http://otel-collector.tandem-stores:4318",
    });
    // Its engine has no password, so nobody has to hand one out.
    expect(JSON.stringify(containerOf({ resources }, "search"))).not.toContain("SEARCH_ENGINE_AUTHORIZATION");
  });
});
