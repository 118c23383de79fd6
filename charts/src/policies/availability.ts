import { deployments, type Finding, ofKind, type Policy, picks, type Workload, workloads } from "./world.ts";

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

/** Sidecar over app, pod over both: whatever the app still has to say while it stops, somebody takes. */
const grace: Policy = {
  name: "grace-period-fits",
  check: (world) =>
    deployments(world).flatMap((at): Finding[] => {
      const annotations = at.template.metadata?.annotations ?? {};
      const block = seconds(annotations["dapr.io/block-shutdown-duration"]);
      const graceful = Number(annotations["dapr.io/graceful-shutdown-seconds"]);
      const preStop = Math.max(0, ...at.containers.map(({ lifecycle }) => lifecycle?.preStop?.sleep?.seconds ?? 0));
      const config = ofKind(world, "ConfigMap").find(
        ({ manifest }) => manifest.metadata.name === at.manifest.metadata.name,
      );
      const app = preStop + Number(config?.manifest["data"]?.SHUTDOWN_TIMEOUT_MS) / 1_000;
      const pod = Number(at.pod.terminationGracePeriodSeconds);
      return [
        ...(block > app
          ? []
          : [{ at, problem: `the sidecar waits ${block} s, and the app may take ${app} s to stop` }]),
        ...(pod > block + graceful
          ? []
          : [{ at, problem: `the pod has ${pod} s, and its sidecar may take ${block} s and ${graceful} s` }]),
      ];
    }),
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
