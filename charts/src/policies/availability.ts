import {
  deployments,
  type Finding,
  ofKind,
  type Policy,
  picks,
  type Workload,
  type World,
  workloads,
} from "./world.ts";

const budget: Policy = {
  name: "deployment-has-budget",
  check: (world) =>
    deployments(world).flatMap((at): Finding[] => {
      const budgets = ofKind(world, "PodDisruptionBudget").filter(({ manifest }) =>
        picks(manifest["spec"]?.selector?.matchLabels, at.template.metadata?.labels),
      );
      if (budgets.length !== 1)
        return [{ at, problem: `${budgets.length} PodDisruptionBudgets pick its pods, not one` }];
      return budgets[0]?.manifest["spec"]?.maxUnavailable === 1
        ? []
        : [{ at, problem: "its PodDisruptionBudget does not say maxUnavailable 1" }];
    }),
};

const minimumOf = ({ kind, ...manifest }: Workload["manifest"]): unknown =>
  kind === "ScaledObject" ? manifest["spec"]?.minReplicaCount : manifest["spec"]?.minReplicas;

const scaling: Policy = {
  name: "deployment-scales",
  check: (world) =>
    deployments(world).flatMap((at): Finding[] => {
      const scalers = [...ofKind(world, "HorizontalPodAutoscaler"), ...ofKind(world, "ScaledObject")].filter(
        ({ manifest }) => manifest["spec"]?.scaleTargetRef?.name === at.manifest.metadata.name,
      );
      const [scaler] = scalers;
      if (scaler === undefined || scalers.length > 1) {
        return [{ at, problem: `${scalers.length} HorizontalPodAutoscalers or ScaledObjects scale it, not one` }];
      }
      return [
        ...(Number(minimumOf(scaler.manifest)) >= 1
          ? []
          : [{ at, problem: "it may be scaled to none, and nothing runs by the clock any more" }]),
        ...(at.manifest["spec"].replicas === undefined
          ? []
          : [{ at, problem: "it says how many replicas it has, and so does what scales it" }]),
      ];
    }),
};

const spread: Policy = {
  name: "deployment-is-spread",
  check: (world) =>
    deployments(world).flatMap((at): Finding[] => {
      const spreads = (at.pod.topologySpreadConstraints ?? []).filter(
        (constraint: Workload["pod"]) =>
          constraint.topologyKey === "kubernetes.io/hostname" &&
          picks(constraint.labelSelector?.matchLabels, at.template.metadata?.labels),
      );
      return spreads.length > 0 ? [] : [{ at, problem: "nothing spreads its pods over nodes" }];
    }),
};

const rollout: Policy = {
  name: "rollout-takes-nothing-away",
  check: (world) =>
    deployments(world)
      .filter(({ manifest }) => manifest["spec"].strategy?.rollingUpdate?.maxUnavailable !== 0)
      .map((at) => ({ at, problem: "a rolling update may take a pod away before the next one is ready" })),
};

const probes: Policy = {
  name: "deployment-has-probes",
  check: (world) =>
    deployments(world).flatMap((at) =>
      at.containers.flatMap((container): Finding[] =>
        ["startupProbe", "livenessProbe", "readinessProbe"].flatMap((probe) => {
          const port = container[probe]?.httpGet?.port ?? container[probe]?.grpc?.port;
          if (port === undefined) return [{ at, problem: `the container ${container.name} has no ${probe}` }];
          const known = (container.ports ?? []).some(
            (each: Workload["pod"]) => each.name === port || each.containerPort === port,
          );
          return known
            ? []
            : [{ at, problem: `the ${probe} of ${container.name} asks at ${port}, which is no port of it` }];
        }),
      ),
    ),
};

const seconds = (duration: unknown): number => Number(/^(\d+)s$/.exec(String(duration))?.[1] ?? Number.NaN);

interface Ends {
  readonly at: Workload;
  /** When the sidecar stops serving, and when it is gone. */
  readonly sidecarLeaves: number;
  readonly sidecarGone: number;
  /** When the app stops serving, and when it is gone at the latest. */
  readonly appLeaves: number;
  readonly appGone: number;
  readonly pod: number;
}

const endsOf = (world: World, at: Workload): Ends => {
  const annotations = at.template.metadata?.annotations ?? {};
  const sidecarLeaves = seconds(annotations["dapr.io/block-shutdown-duration"]);
  const preStop = Math.max(0, ...at.containers.map(({ lifecycle }) => lifecycle?.preStop?.sleep?.seconds ?? 0));
  const { name } = at.manifest.metadata;
  const settings = ofKind(world, "ConfigMap").find(({ manifest }) => manifest.metadata.name === name)?.manifest["data"];
  return {
    at,
    sidecarLeaves,
    sidecarGone: sidecarLeaves + Number(annotations["dapr.io/graceful-shutdown-seconds"]),
    appLeaves: preStop + Number(settings?.DRAIN_DELAY_MS) / 1_000,
    appGone: preStop + Number(settings?.SHUTDOWN_TIMEOUT_MS) / 1_000,
    pod: Number(at.pod.terminationGracePeriodSeconds),
  };
};

/** One outlives the other, by who still needs whom (shutdown-times.ts), and the pod outlives both. */
const grace: Policy = {
  name: "grace-period-fits",
  check: (world) =>
    deployments(world)
      .map((at) => endsOf(world, at))
      .flatMap(({ at, sidecarLeaves, sidecarGone, appLeaves, appGone, pod }): Finding[] => [
        ...(sidecarLeaves > appGone || appLeaves >= sidecarGone
          ? []
          : [
              {
                at,
                problem: `neither outlives the other: the sidecar goes from ${sidecarLeaves} to ${sidecarGone} s, the app from ${appLeaves} to ${appGone} s`,
              },
            ]),
        ...(pod > Math.max(sidecarGone, appGone)
          ? []
          : [{ at, problem: `the pod has ${pod} s, its app ${appGone} s and its sidecar ${sidecarGone} s` }]),
      ]),
};

const account: Policy = {
  name: "own-service-account",
  check: (world) => {
    const accounts = ofKind(world, "ServiceAccount");
    const all = workloads(world).filter(({ manifest }) => manifest.metadata.namespace === world.environment.namespace);
    return all.flatMap((at): Finding[] => {
      const name = at.pod.serviceAccountName;
      const found = accounts.find(
        ({ manifest: { metadata } }) => metadata.name === name && metadata.namespace === at.manifest.metadata.namespace,
      );
      const shared = all.filter(({ pod }) => pod.serviceAccountName === name).length > 1;
      return [
        ...(found === undefined ? [{ at, problem: `there is no ServiceAccount "${name}"` }] : []),
        ...(shared ? [{ at, problem: `it shares the ServiceAccount "${name}"` }] : []),
        ...(at.pod.automountServiceAccountToken === false ? [] : [{ at, problem: "it mounts a token of its account" }]),
      ];
    });
  },
};

export const availabilityPolicies: readonly Policy[] = [budget, scaling, spread, rollout, probes, grace, account];
