import type { Environment } from "../environments/index.ts";
import type { Manifest } from "../scope.ts";
import type { SecretEntry } from "../secrets/secret-catalogue.ts";

/** A synthesized object and its file below `k8s/`. */
export interface Located {
  readonly path: string;
  readonly manifest: Manifest;
}

/** What policies look at: everything of one environment. */
export interface World {
  readonly environment: Environment;
  readonly objects: readonly Located[];
  readonly secrets: readonly SecretEntry[];
  /** References that the images file allows. */
  readonly images: ReadonlySet<string>;
  /** Objects of Dapr in the environment's folder of `components/`. */
  readonly components: readonly Located[];
}

/** A rule that every environment keeps to. `check` says what does not, an empty list when all does. */
export interface Policy {
  readonly name: string;
  readonly check: (world: World) => readonly Finding[];
}

export interface Finding {
  readonly at: Located;
  readonly problem: string;
}

/** A pod as its template has it. */
export interface Workload extends Located {
  readonly template: Manifest["spec"];
  readonly pod: Manifest["spec"];
  readonly containers: readonly Manifest["spec"][];
}

const TEMPLATED = new Set(["Deployment", "StatefulSet", "DaemonSet", "Job"]);

const templateOf = ({ kind, ...manifest }: Manifest): Manifest["spec"] | undefined => {
  if (TEMPLATED.has(kind)) return manifest["spec"]?.template;
  return kind === "CronJob" ? manifest["spec"]?.jobTemplate?.spec?.template : undefined;
};

/** Everything that makes pods. */
export const workloads = ({ objects }: Pick<World, "objects">): readonly Workload[] =>
  objects.flatMap((located) => {
    const template = templateOf(located.manifest);
    if (template === undefined) return [];
    const pod = template.spec ?? {};
    return [{ ...located, template, pod, containers: [...(pod.initContainers ?? []), ...(pod.containers ?? [])] }];
  });

/** The Deployments of contexts and gateway: stores of a laptop need not survive a drained node. */
export const deployments = (world: World): readonly Workload[] =>
  workloads(world).filter(
    ({ manifest: { kind, metadata } }) => kind === "Deployment" && metadata.namespace === world.environment.namespace,
  );

export const ofKind = ({ objects }: Pick<World, "objects">, kind: string): readonly Located[] =>
  objects.filter(({ manifest }) => manifest.kind === kind);

/** Whether a selector's labels pick a pod with these. */
export const picks = (
  selector: Readonly<Record<string, string>> | undefined,
  labels: Readonly<Record<string, string>> | undefined,
): boolean =>
  selector !== undefined &&
  Object.keys(selector).length > 0 &&
  Object.entries(selector).every(([key, value]) => labels?.[key] === value);
