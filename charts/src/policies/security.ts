import { type Finding, ofKind, type Policy, type Workload, workloads } from "./world.ts";

const VOLUMES = [
  "configMap",
  "csi",
  "downwardAPI",
  "emptyDir",
  "ephemeral",
  "persistentVolumeClaim",
  "projected",
  "secret",
];

const podProblems = ({ pod }: Workload): readonly string[] => [
  ...["hostNetwork", "hostPID", "hostIPC"].filter((flag) => pod[flag] === true).map((flag) => `${flag} is on`),
  ...(pod.securityContext?.runAsNonRoot === true ? [] : ["its pod does not say runAsNonRoot"]),
  ...(pod.securityContext?.runAsUser === 0 ? ["its pod runs as root"] : []),
  ...(["RuntimeDefault", "Localhost"].includes(pod.securityContext?.seccompProfile?.type)
    ? []
    : ["its pod has no seccomp profile"]),
  ...(pod.securityContext?.sysctls?.length > 0 ? ["its pod sets sysctls"] : []),
  ...(pod.volumes ?? []).flatMap((volume: Workload["pod"]) =>
    VOLUMES.some((type) => type in volume) ? [] : [`its volume ${volume.name} is of a type that "restricted" refuses`],
  ),
];

const containerProblems = (container: Workload["pod"]): readonly string[] => {
  const security = container.securityContext ?? {};
  const bad: readonly (readonly [boolean, string])[] = [
    [security.allowPrivilegeEscalation !== false, "may escalate privileges"],
    [security.privileged === true, "is privileged"],
    [!(security.capabilities?.drop ?? []).includes("ALL"), "does not drop all capabilities"],
    [(security.capabilities?.add ?? []).some((name: string) => name !== "NET_BIND_SERVICE"), "adds capabilities"],
    [security.runAsNonRoot === false || security.runAsUser === 0, "may run as root"],
    [security.readOnlyRootFilesystem !== true, "may write to its root file system"],
    [(security.procMount ?? "Default") !== "Default", "mounts /proc in a way of its own"],
    [
      (container.ports ?? []).some(({ hostPort }: Workload["pod"]) => hostPort !== undefined),
      "takes a port of the node",
    ],
  ];
  return bad.filter(([is]) => is).map(([, problem]) => `the container ${container.name} ${problem}`);
};

/** Pod Security `restricted`, and read-only on top of it. */
const restricted: Policy = {
  name: "pod-security-restricted",
  check: (world) =>
    workloads(world).flatMap((at) =>
      [...podProblems(at), ...at.containers.flatMap(containerProblems)].map((problem) => ({ at, problem })),
    ),
};

const resources: Policy = {
  name: "resources-are-said",
  check: (world) =>
    workloads(world).flatMap((at) =>
      at.containers.flatMap(({ name, resources: { requests = {}, limits = {} } = {} }): Finding[] => [
        ...["cpu", "memory"]
          .filter((kind) => requests[kind] === undefined)
          .map((kind) => ({ at, problem: `the container ${name} requests no ${kind}` })),
        ...(limits.memory === undefined ? [{ at, problem: `the container ${name} has no limit of memory` }] : []),
        ...(limits.cpu === undefined ? [] : [{ at, problem: `the container ${name} has a limit of cpu` }]),
      ]),
    ),
};

const isolation: Policy = {
  name: "namespace-denies-by-default",
  check: (world) => {
    const closed = new Set(
      ofKind(world, "NetworkPolicy")
        .filter(({ manifest: { spec } }) => {
          const picksAll = spec.podSelector !== undefined && Object.keys(spec.podSelector).length === 0;
          const both = ["Ingress", "Egress"].every((type) => (spec.policyTypes ?? []).includes(type));
          return picksAll && both && spec.ingress === undefined && spec.egress === undefined;
        })
        .map(({ manifest }) => manifest.metadata.namespace),
    );
    const seen = new Set<string | undefined>();
    return workloads(world).flatMap((at): Finding[] => {
      const { namespace } = at.manifest.metadata;
      if (closed.has(namespace) || seen.has(namespace)) return [];
      seen.add(namespace);
      return [{ at, problem: `its namespace ${namespace} has no NetworkPolicy that denies both directions to all` }];
    });
  },
};

const images: Policy = {
  name: "images-come-from-the-file",
  check: (world) =>
    workloads(world).flatMap((at) =>
      at.containers.flatMap(({ name, image }): Finding[] => {
        const ours = at.manifest.metadata.namespace === world.environment.namespace || /\/tandem\//.test(image);
        const file = `charts/images/${world.environment.name}.json`;
        return [
          ...(ours && !world.images.has(image)
            ? [{ at, problem: `the image ${image} of ${name} is not what ${file} says` }]
            : []),
          ...(/(:(?!latest$)[\w.-]+|@sha256:[0-9a-f]{64})$/.test(image)
            ? []
            : [{ at, problem: `the image ${image} of ${name} names no version` }]),
        ];
      }),
    ),
};

export const securityPolicies: readonly Policy[] = [restricted, resources, isolation, images];
