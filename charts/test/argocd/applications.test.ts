import { dirname } from "node:path";
import { describe, expect, test } from "vitest";
import type { Environment } from "../../src/environments/index.ts";
import type { Manifest } from "../../src/scope.ts";
import { synthesize } from "../../src/synth.ts";
import { allEnvironments, objectsOf, platform } from "../fixtures.ts";

const ofKind = (environment: Environment, kind: string): readonly Manifest[] =>
  objectsOf(environment)
    .filter(({ path, manifest }) => path.startsWith("argocd/") && manifest.kind === kind)
    .map(({ manifest }) => manifest);

const applicationNamed = (environment: Environment, part: string): Manifest | undefined =>
  ofKind(environment, "Application").find(({ metadata }) => metadata.name === `tandem-${environment.name}-${part}`);

const waveOf = (manifest: Manifest | undefined): number =>
  Number(manifest?.metadata.annotations?.["argocd.argoproj.io/sync-wave"] ?? Number.NaN);

const contextNames = [...platform.contexts.map(({ context }) => context), platform.gateway.context];

/** Folders of k8s/ that Argo CD has a source for, the template's filled in. */
const sourcePaths = (environment: Environment): readonly string[] => [
  ...ofKind(environment, "Application").map(({ spec }) => spec.source.path as string),
  ...ofKind(environment, "ApplicationSet").flatMap(({ spec }) =>
    (spec.generators[0].list.elements as readonly { readonly context: string }[]).map(({ context }) =>
      (spec.template.spec.source.path as string).replace("{{.context}}", context),
    ),
  ),
];

describe.each(allEnvironments.map((environment) => [environment.name, environment] as const))(
  "%s",
  (_, environment) => {
    test("every folder that is synthesized is applied by exactly one Application", () => {
      const folders = Object.keys(synthesize(platform, environment).files)
        .filter((path) => path.startsWith(`${environment.name}/`) && path.endsWith(".yaml"))
        .map((path) => `k8s/${dirname(path)}`)
        // Above the contexts' folders, for kubectl apply -k of all of them.
        .filter((folder) => !folder.endsWith("/30-contexts"));
      const applied = sourcePaths(environment).filter((path) => path?.startsWith(`k8s/${environment.name}/`));
      expect([...applied].sort()).toEqual([...new Set(folders)].sort());
    });

    test("components come from the environment's own folder, never from the laptop's", () => {
      const folder = environment.name === "local" ? "kind" : environment.name;
      expect(applicationNamed(environment, "components")?.["spec"].source.path).toBe(`components/${folder}`);
    });

    test("what is needed comes in an earlier wave than who needs it", () => {
      const set = ofKind(environment, "ApplicationSet")[0];
      const parts = ["dapr", "namespaces", "stores", "secrets", "components"];
      const waves = parts
        .map((part) => applicationNamed(environment, part))
        .filter((application) => application !== undefined)
        .map(waveOf);
      expect([...waves, waveOf(set)]).toEqual([...new Set([...waves, waveOf(set)])].sort((a, b) => a - b));
    });

    test("stores, namespaces and Dapr are never pruned, and neither are their Applications", () => {
      const kept = ["dapr", "namespaces", "stores", "secrets"]
        .map((part) => applicationNamed(environment, part))
        .filter((application) => application !== undefined);
      expect(kept.length).toBeGreaterThan(1);
      for (const { metadata, spec } of kept) {
        expect(spec.syncPolicy.automated).toEqual({ selfHeal: true });
        expect(metadata.annotations?.["argocd.argoproj.io/sync-options"]).toBe("Prune=false,Delete=false");
      }
    });

    test("no Application takes what it applied along when it is deleted", () => {
      for (const { metadata } of ofKind(environment, "Application")) expect(metadata).not.toHaveProperty("finalizers");
      for (const { spec } of ofKind(environment, "ApplicationSet")) {
        expect(spec.syncPolicy.preserveResourcesOnDeletion).toBe(true);
        expect(spec.template.metadata).not.toHaveProperty("finalizers");
      }
    });

    test("every Application heals itself, tries again, and belongs to a project that exists", () => {
      const projects = ofKind(environment, "AppProject").map(({ metadata }) => metadata.name);
      const specs = [
        ...ofKind(environment, "Application").map(({ spec }) => spec),
        ...ofKind(environment, "ApplicationSet").map(({ spec }) => spec.template.spec),
      ];
      for (const spec of specs) {
        expect(projects).toContain(spec.project);
        expect(spec.syncPolicy.automated.selfHeal).toBe(true);
        expect(spec.syncPolicy.retry.limit).toBeGreaterThan(0);
      }
    });

    test("no project may write secrets, roles or anything from anywhere", () => {
      for (const { metadata, spec } of ofKind(environment, "AppProject")) {
        expect(spec.sourceRepos).not.toContain("*");
        expect(spec.destinations.map(({ namespace }: { namespace: string }) => namespace)).not.toContain("*");
        // Dapr's chart brings what it needs, into its own namespace.
        if (metadata.name.endsWith("-dapr")) continue;
        const allowed = spec.namespaceResourceWhitelist.map(({ kind }: { kind: string }) => kind);
        for (const kind of ["*", "Secret", "Role", "RoleBinding"]) expect(allowed).not.toContain(kind);
      }
    });

    test("failures are announced where the environment names somebody", () => {
      const annotations = applicationNamed(environment, "components")?.metadata.annotations ?? {};
      const subscribed = Object.keys(annotations).filter((key) =>
        key.startsWith("notifications.argoproj.io/subscribe."),
      );
      const triggers = Object.keys(
        ofKind(environment, "ConfigMap").find(({ metadata }) => metadata.name === "argocd-notifications-cm")?.[
          "data"
        ] ?? {},
      ).filter((key) => key.startsWith("trigger."));
      expect(subscribed.map((key) => key.split(".")[3])).toHaveLength(triggers.length);
      expect(subscribed.length > 0).toBe(environment.gitops.failuresTo !== undefined);
    });
  },
);

test("without the ApplicationSet controller every context has an Application in a wave of its own, the gateway last", () => {
  const [local] = allEnvironments;
  if (local === undefined) throw new Error("there is no environment");
  const alone = { ...local, gitops: { ...local.gitops, applicationSet: false } };
  expect(ofKind(alone, "ApplicationSet")).toEqual([]);
  const waves = contextNames.map((context) => waveOf(applicationNamed(alone, context)));
  expect(new Set(waves).size).toBe(contextNames.length);
  expect(Math.max(...waves)).toBe(waveOf(applicationNamed(alone, "gateway")));
});
