import { type Finding, type KubernetesObject, nameOf } from "./finding.ts";

interface Kind {
  readonly group: string;
  readonly kind: string;
}

interface Project {
  readonly name: string;
  readonly destinations: readonly string[];
  readonly cluster: readonly Kind[];
  readonly namespaced: readonly Kind[];
}

const groupOf = ({ apiVersion }: KubernetesObject): string =>
  apiVersion.includes("/") ? (apiVersion.split("/")[0] ?? "") : "";

const allows = (kinds: readonly Kind[], object: KubernetesObject): boolean =>
  kinds.some(({ group, kind }) => group === groupOf(object) && kind === object.kind);

const readProject = (object: KubernetesObject): Project => {
  const spec = object["spec"] as {
    readonly destinations?: readonly { readonly namespace: string }[];
    readonly clusterResourceWhitelist?: readonly Kind[];
    readonly namespaceResourceWhitelist?: readonly Kind[];
  };
  return {
    name: object.metadata.name,
    destinations: (spec.destinations ?? []).map(({ namespace }) => namespace),
    cluster: spec.clusterResourceWhitelist ?? [],
    namespaced: spec.namespaceResourceWhitelist ?? [],
  };
};

/** An object that no project of the environment lets Argo CD write, or not there. */
const checkProjects = (objects: readonly KubernetesObject[]): readonly Finding[] => {
  const projects = objects.filter(({ kind }) => kind === "AppProject").map(readProject);
  return objects
    .filter(({ file }) => !/\/k8s\/argocd\/\w+\/[^/]+$/.test(file))
    .filter((object) => {
      const { namespace } = object.metadata;
      return !projects.some((project) =>
        namespace === undefined
          ? allows(project.cluster, object)
          : allows(project.namespaced, object) && project.destinations.includes(namespace),
      );
    })
    .map((object) => ({
      gate: "argocd",
      file: object.file,
      object: nameOf(object),
      message: `no AppProject allows ${object.kind} of group "${groupOf(object)}" in ${object.metadata.namespace ?? "the cluster"} (charts/src/argocd/projects.ts)`,
    }));
};

const checkDuplicates = (objects: readonly KubernetesObject[]): readonly Finding[] => {
  const seen = new Map<string, string>();
  return objects.flatMap((object) => {
    const key = `${groupOf(object)} ${nameOf(object)}`;
    const first = seen.get(key);
    if (first === undefined) {
      seen.set(key, object.file);
      return [];
    }
    return [{ gate: "argocd", file: object.file, object: nameOf(object), message: `stands in ${first} too` }];
  });
};

const hookOf = ({ metadata }: KubernetesObject): string | undefined =>
  metadata.annotations?.["argocd.argoproj.io/hook"];

interface PodUse {
  readonly serviceAccountName?: string;
  readonly containers?: readonly {
    readonly envFrom?: readonly { readonly configMapRef?: { readonly name: string } }[];
    readonly env?: readonly { readonly valueFrom?: { readonly configMapKeyRef?: { readonly name: string } } }[];
  }[];
  readonly volumes?: readonly { readonly configMap?: { readonly name: string } }[];
}

const needsOf = (job: KubernetesObject): readonly string[] => {
  const pod = (job["spec"] as { readonly template?: { readonly spec?: PodUse } }).template?.spec ?? {};
  const containers = pod.containers ?? [];
  const configMaps = [
    ...containers.flatMap(({ envFrom = [] }) => envFrom.map(({ configMapRef }) => configMapRef?.name)),
    ...containers.flatMap(({ env = [] }) => env.map(({ valueFrom }) => valueFrom?.configMapKeyRef?.name)),
    ...(pod.volumes ?? []).map(({ configMap }) => configMap?.name),
  ];
  const account = pod.serviceAccountName;
  return [
    ...(account === undefined ? [] : [`ServiceAccount ${job.metadata.namespace}/${account}`]),
    ...[...new Set(configMaps)]
      .filter((name) => name !== undefined)
      .map((name) => `ConfigMap ${job.metadata.namespace}/${name}`),
  ];
};

/**
 * A PreSync hook runs before anything else of its folder is applied: what it needs must be a hook of that phase too, or the
 * first installation waits for ever.
 */
const checkHooks = (objects: readonly KubernetesObject[]): readonly Finding[] =>
  objects
    .filter((object) => object.kind === "Job" && hookOf(object) === "PreSync")
    .flatMap((job) =>
      needsOf(job).flatMap((need) => {
        const folder = job.file.slice(0, job.file.lastIndexOf("/"));
        const needed = objects.find((object) => nameOf(object) === need);
        const there = needed !== undefined && (!needed.file.startsWith(`${folder}/`) || hookOf(needed) === "PreSync");
        const message = `is a PreSync hook and needs ${need}, which is ${needed === undefined ? "nowhere" : "applied after it"}`;
        return there ? [] : [{ gate: "argocd", file: job.file, object: nameOf(job), message }];
      }),
    );

/** What Argo CD would trip over, of all objects of one environment. */
export const checkArgoCd = (objects: readonly KubernetesObject[]): readonly Finding[] => [
  ...checkProjects(objects),
  ...checkDuplicates(objects),
  ...checkHooks(objects),
];
