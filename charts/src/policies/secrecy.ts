import { type Finding, type Located, ofKind, type Policy, type Workload, type World, workloads } from "./world.ts";

interface Reference {
  readonly secret: string;
  readonly namespace: string;
  readonly key?: string;
}

const TOKEN_ANNOTATIONS = ["dapr.io/api-token-secret", "dapr.io/app-token-secret"];

const referencesOf = ({ manifest, template, pod, containers }: Workload): readonly Reference[] => {
  const namespace = manifest.metadata.namespace ?? "";
  const annotations = template.metadata?.annotations ?? {};
  return [
    ...containers.flatMap((container) => [
      ...(container.env ?? []).flatMap(({ valueFrom }: Workload["pod"]) =>
        valueFrom?.secretKeyRef
          ? [{ secret: valueFrom.secretKeyRef.name, namespace, key: valueFrom.secretKeyRef.key }]
          : [],
      ),
      ...(container.envFrom ?? []).flatMap(({ secretRef }: Workload["pod"]) =>
        secretRef ? [{ secret: secretRef.name, namespace }] : [],
      ),
    ]),
    ...(pod.volumes ?? []).flatMap(({ secret }: Workload["pod"]) =>
      secret ? [{ secret: secret.secretName, namespace }] : [],
    ),
    ...TOKEN_ANNOTATIONS.flatMap((name) =>
      annotations[name] === undefined ? [] : [{ secret: annotations[name], namespace, key: "token" }],
    ),
  ];
};

const keysOfOperators = ({ manifest }: Located): readonly Reference[] =>
  (manifest["spec"]?.secretTargetRef ?? []).map(({ name, key }: Workload["pod"]) => ({
    secret: name,
    namespace: manifest.metadata.namespace ?? "",
    key,
  }));

const keysOfComponents = ({ manifest }: Located, { environment }: World): readonly Reference[] =>
  (manifest["spec"]?.metadata ?? []).flatMap(({ secretKeyRef }: Workload["pod"]) =>
    secretKeyRef ? [{ secret: secretKeyRef.name, namespace: environment.namespace, key: secretKeyRef.key }] : [],
  );

const references: Policy = {
  name: "secrets-are-in-the-catalogue",
  check: (world) => {
    const problems = (at: Located, all: readonly Reference[]): Finding[] =>
      all.flatMap(({ secret, namespace, key }) => {
        const entry = world.secrets.find((one) => one.name === secret && one.namespace === namespace);
        if (entry === undefined) return [{ at, problem: `the secret ${namespace}/${secret} is not in the catalogue` }];
        const known = key === undefined || entry.keys.some((one) => one.key === key);
        return known ? [] : [{ at, problem: `the secret ${namespace}/${secret} has no key ${key} in the catalogue` }];
      });
    return [
      ...workloads(world).flatMap((at) => problems(at, referencesOf(at))),
      ...ofKind(world, "TriggerAuthentication").flatMap((at) => problems(at, keysOfOperators(at))),
      ...world.components
        .filter(({ manifest }) => manifest.kind === "Component")
        .flatMap((at) => problems(at, keysOfComponents(at, world))),
    ];
  },
};

const noValues: Policy = {
  name: "no-secret-is-written-down",
  check: (world) => {
    const keys = new Set(
      world.secrets
        .filter(({ namespace }) => namespace === world.environment.namespace)
        .flatMap((entry) => entry.keys.map(({ key }) => key)),
    );
    return [
      ...ofKind(world, "Secret").map((at) => ({ at, problem: "a Secret stands in the repository" })),
      ...ofKind(world, "ConfigMap").flatMap((at) =>
        Object.keys(at.manifest["data"] ?? {})
          .filter((key) => keys.has(key))
          .map((key) => ({ at, problem: `${key} is a secret, and stands in a ConfigMap` })),
      ),
      ...workloads(world).flatMap((at) =>
        at.containers.flatMap((container) =>
          (container.env ?? [])
            .filter(({ name, value }: Workload["pod"]) => value !== undefined && keys.has(name))
            .map(({ name }: Workload["pod"]) => ({ at, problem: `${name} is a secret, and stands in its manifest` })),
        ),
      ),
    ];
  },
};

export const secrecyPolicies: readonly Policy[] = [references, noValues];
