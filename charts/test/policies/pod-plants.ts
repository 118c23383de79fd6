import { annotationsOf, containerOf, drop, type Plant, podOf } from "./plant.ts";

/** How pods run, scale, end and what they may. */
export const podPlants: readonly Plant[] = [
  {
    rule: "deployment-has-budget",
    what: "a Deployment without a PodDisruptionBudget",
    says: "0 PodDisruptionBudgets pick its pods",
    change: (_, objects) => drop(objects, "PodDisruptionBudget", "order"),
  },
  {
    rule: "deployment-has-budget",
    what: "a budget of two pods",
    says: "does not say maxUnavailable 1",
    change: (object) => {
      object("PodDisruptionBudget", "order").spec.maxUnavailable = 2;
    },
  },
  {
    rule: "deployment-scales",
    what: "a Deployment that nothing scales",
    says: "0 HorizontalPodAutoscalers or ScaledObjects scale it",
    change: (_, objects) => drop(objects, "HorizontalPodAutoscaler", "order"),
  },
  {
    rule: "deployment-scales",
    what: "a worker that may go to zero",
    says: "it may be scaled to none",
    in: "production",
    change: (object) => {
      object("ScaledObject", "order-worker-cron").spec.minReplicaCount = 0;
    },
  },
  {
    rule: "deployment-scales",
    what: "replicas that are said twice",
    says: "and so does what scales it",
    change: (object) => {
      object("Deployment", "order").spec.replicas = 3;
    },
  },
  {
    rule: "deployment-is-spread",
    what: "pods that may all stand on one node",
    says: "nothing spreads its pods",
    change: (object) => {
      podOf(object("Deployment", "order")).topologySpreadConstraints.pop();
    },
  },
  {
    rule: "rollout-takes-nothing-away",
    what: "a rollout that begins by taking a pod away",
    says: "before the next one is ready",
    change: (object) => {
      object("Deployment", "order").spec.strategy.rollingUpdate.maxUnavailable = 1;
    },
  },
  ...["startupProbe", "livenessProbe", "readinessProbe"].map(
    (probe): Plant => ({
      rule: "deployment-has-probes",
      what: `a container without ${probe}`,
      says: `has no ${probe}`,
      change: (object) => {
        delete containerOf(object("Deployment", "order"))[probe];
      },
    }),
  ),
  {
    rule: "deployment-has-probes",
    what: "a probe at a port that is none",
    says: "asks at htpp, which is no port of it",
    change: (object) => {
      containerOf(object("Deployment", "order")).livenessProbe.httpGet.port = "htpp";
    },
  },
  {
    rule: "grace-period-fits",
    what: "a grace period shorter than the sidecar's",
    says: "the pod has 30 s",
    change: (object) => {
      podOf(object("Deployment", "order")).terminationGracePeriodSeconds = 30;
    },
  },
  {
    rule: "grace-period-fits",
    what: "a worker's sidecar that goes while its app still publishes",
    says: "the sidecar goes from 10 to 15 s, the app from 2 to 22 s",
    change: (object) => {
      annotationsOf(object("Deployment", "order-worker"))["dapr.io/block-shutdown-duration"] = "10s";
    },
  },
  {
    rule: "grace-period-fits",
    what: "an API that goes while callers' sidecars still hold on to its own",
    says: "the sidecar goes from 32 to 37 s, the app from 7 to 57 s",
    change: (object) => {
      object("ConfigMap", "order").data.DRAIN_DELAY_MS = "5000";
    },
  },
  {
    rule: "own-service-account",
    what: "an account that is not there",
    says: 'there is no ServiceAccount "order"',
    change: (_, objects) => drop(objects, "ServiceAccount", "order"),
  },
  {
    rule: "own-service-account",
    what: "an account of two binaries",
    says: 'shares the ServiceAccount "order"',
    change: (object) => {
      podOf(object("Deployment", "order-worker")).serviceAccountName = "order";
    },
  },
  {
    rule: "own-service-account",
    what: "a token in the pod",
    says: "it mounts a token",
    change: (object) => {
      delete podOf(object("Deployment", "order")).automountServiceAccountToken;
    },
  },
  ...(
    [
      ["allowPrivilegeEscalation", true, "may escalate privileges"],
      ["privileged", true, "is privileged"],
      ["capabilities", { drop: ["NET_RAW"] }, "does not drop all capabilities"],
      ["capabilities", { drop: ["ALL"], add: ["SYS_ADMIN"] }, "adds capabilities"],
      ["runAsUser", 0, "may run as root"],
      ["readOnlyRootFilesystem", false, "may write to its root file system"],
      ["procMount", "Unmasked", "mounts /proc in a way of its own"],
    ] as const
  ).map(
    ([field, value, says]): Plant => ({
      rule: "pod-security-restricted",
      what: `a container with ${field} ${JSON.stringify(value)}`,
      says,
      change: (object) => {
        containerOf(object("Job", "order-migrate")).securityContext[field] = value;
      },
    }),
  ),
  ...(
    [
      ["hostNetwork", true, "hostNetwork is on"],
      ["securityContext", {}, "does not say runAsNonRoot"],
      ["securityContext", { runAsNonRoot: true }, "has no seccomp profile"],
      ["securityContext", { runAsNonRoot: true, runAsUser: 0 }, "runs as root"],
      ["volumes", [{ name: "host", hostPath: { path: "/" } }], 'of a type that "restricted" refuses'],
    ] as const
  ).map(
    ([field, value, says]): Plant => ({
      rule: "pod-security-restricted",
      what: `a pod with ${field} ${JSON.stringify(value)}`,
      says,
      change: (object) => {
        podOf(object("Deployment", "order"))[field] = value;
      },
    }),
  ),
  {
    rule: "resources-are-said",
    what: "a container that requests nothing",
    says: "requests no cpu",
    change: (object) => {
      delete containerOf(object("Deployment", "order")).resources.requests;
    },
  },
  {
    rule: "resources-are-said",
    what: "memory without a limit",
    says: "has no limit of memory",
    change: (object) => {
      delete containerOf(object("Deployment", "order")).resources.limits;
    },
  },
  {
    rule: "resources-are-said",
    what: "a limit of cpu",
    says: "has a limit of cpu",
    change: (object) => {
      containerOf(object("Deployment", "order")).resources.limits.cpu = "1";
    },
  },
];
