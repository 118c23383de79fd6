import type { Construct } from "constructs";
import { Application, ApplicationSet, type ApplicationSpec } from "../../imports/argoproj.io.ts";
import type { Environment, EnvironmentName } from "../environments/index.ts";
import type { Layer, Scope } from "../scope.ts";
import { subscriptionsOf } from "./notifications.ts";
import { daprSpec, folderSpec } from "./specs.ts";
import { syncWaves, waveAnnotation } from "./sync-waves.ts";

/** `components/local` is the laptop's. */
const componentsFolder = (environment: EnvironmentName): string => (environment === "local" ? "kind" : environment);

/** The label by which the contexts' Applications are found: `argocd app list -l tandem.dev/environment=staging`. */
const labelsOf = ({ name }: Environment): Readonly<Record<string, string>> => ({ "tandem.dev/environment": name });

/** Neither it nor what it applied goes when it is gone from git: a person deletes databases and namespaces. */
const keepAnnotation = { "argocd.argoproj.io/sync-options": "Prune=false,Delete=false" };

interface Entry {
  readonly part: string;
  readonly wave: number;
  readonly spec: ApplicationSpec;
  readonly keep?: boolean;
}

const addApplication = (scope: Construct, environment: Environment, { part, wave, spec, keep }: Entry): void => {
  new Application(scope, part, {
    metadata: {
      name: `tandem-${environment.name}-${part}`,
      labels: labelsOf(environment),
      annotations: {
        ...waveAnnotation(wave),
        ...(keep === true ? keepAnnotation : {}),
        ...subscriptionsOf(environment),
      },
    },
    // No finalizer: an Application that is deleted leaves what it applied.
    spec,
  });
};

const addContextSet = (scope: Construct, environment: Environment, contexts: readonly string[]): void => {
  const { name } = environment;
  new ApplicationSet(scope, "contexts", {
    metadata: {
      name: `tandem-${name}-contexts`,
      labels: labelsOf(environment),
      annotations: waveAnnotation(syncWaves.contexts),
    },
    spec: {
      goTemplate: true,
      goTemplateOptions: ["missingkey=error"],
      generators: [{ list: { elements: contexts.map((context) => ({ context })) } }],
      syncPolicy: { preserveResourcesOnDeletion: true },
      template: {
        metadata: {
          name: `tandem-${name}-{{.context}}`,
          labels: { ...labelsOf(environment), "tandem.dev/context": "{{.context}}" },
          annotations: { ...subscriptionsOf(environment) },
        },
        spec: folderSpec(environment, { path: `k8s/${name}/30-contexts/{{.context}}` }),
      },
    },
  });
};

/** `apps/`: one Application for every layer that the environment has, and one for each context. */
export const addApplications = (scope: Scope, environment: Environment, layers: readonly Layer[]): void => {
  const { name, gitops } = environment;
  const add = (entry: Entry): void => addApplication(scope.file("argocd", `apps/${entry.part}`), environment, entry);
  const addLayer = (layer: Layer, part: string, wave: number, keep = false): void => {
    if (!layers.includes(layer)) return;
    add({ part, wave, keep, spec: folderSpec(environment, { path: `k8s/${name}/${layer}`, keep }) });
  };
  if (gitops.daprChart) {
    add({ part: "dapr", wave: syncWaves.daprChart, keep: true, spec: daprSpec(environment, gitops.daprChart) });
  }
  addLayer("00-namespaces", "namespaces", syncWaves.namespaces, true);
  addLayer("10-stores", "stores", syncWaves.stores, true);
  addLayer("20-secrets", "secrets", syncWaves.secrets, true);
  const components = folderSpec(environment, { path: `components/${componentsFolder(name)}` });
  add({ part: "components", wave: syncWaves.components, spec: components });
  addLayer("40-observability", "observability", syncWaves.observability);

  const folders = layers.filter((layer) => layer.startsWith("30-contexts/"));
  const contexts = folders.map((layer) => layer.slice("30-contexts/".length));
  if (gitops.applicationSet) {
    addContextSet(scope.file("argocd", "apps/contexts"), environment, contexts);
    return;
  }
  for (const [index, context] of contexts.entries()) {
    // One after the other: a small cluster that starts all at once starts none in time.
    const wave = context === scope.platform.gateway.context ? syncWaves.gateway : syncWaves.contexts + index;
    const spec = folderSpec(environment, { path: `k8s/${name}/30-contexts/${context}` });
    addApplication(scope.file("argocd", "apps/contexts"), environment, { part: context, wave, spec });
  }
};
