import { describe, expect, it } from "vitest";
import { environments } from "../src/environments/index.ts";
import { checkPolicies, policies, readWorld } from "../src/policies/index.ts";
import type { World } from "../src/policies/world.ts";
import { allEnvironments, platform } from "./fixtures.ts";

// Manifests are what YAML makes them: a planted mistake may put anything anywhere.
// biome-ignore lint/suspicious/noExplicitAny: as above
type Anything = any;

const worlds = {
  local: await readWorld(platform, environments.local),
  production: await readWorld(platform, environments.production),
};

interface Plant {
  readonly rule: string;
  readonly what: string;
  /** What the finding must say. */
  readonly says: string;
  readonly in?: keyof typeof worlds;
  readonly change: (object: (kind: string, name: string) => Anything, objects: Anything[]) => void;
}

/** The world with a mistake in it. */
const planted = (world: World, change: Plant["change"]): World => {
  const copy = { ...world, objects: structuredClone(world.objects), components: structuredClone(world.components) };
  const all = [...copy.objects, ...copy.components];
  change((kind, name) => {
    const found = all.find(({ manifest }) => manifest.kind === kind && manifest.metadata.name === name);
    if (!found) throw new Error(`there is no ${kind} ${name}`);
    return found.manifest;
  }, copy.objects as Anything[]);
  return copy;
};

const drop = (objects: Anything[], kind: string, name: string) => {
  const at = objects.findIndex(({ manifest }) => manifest.kind === kind && manifest.metadata.name === name);
  if (at < 0) throw new Error(`there is no ${kind} ${name}`);
  objects.splice(at, 1);
};
const podOf = (object: Anything): Anything => object.spec.template.spec;
const containerOf = (object: Anything): Anything => podOf(object).containers[0];
const annotationsOf = (object: Anything): Anything => object.spec.template.metadata.annotations;

const plants: readonly Plant[] = [
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
  {
    rule: "namespace-denies-by-default",
    what: "a namespace without its default",
    says: "its namespace tandem has no NetworkPolicy that denies",
    change: (_, objects) => drop(objects, "NetworkPolicy", "default-deny"),
  },
  {
    rule: "namespace-denies-by-default",
    what: "a default for one direction",
    says: "its namespace tandem has no NetworkPolicy that denies",
    change: (object) => {
      object("NetworkPolicy", "default-deny").spec.policyTypes = ["Ingress"];
    },
  },
  {
    rule: "images-come-from-the-file",
    what: "an image of somewhere else",
    says: "is not what charts/images/local.json says",
    change: (object) => {
      containerOf(object("Deployment", "order")).image = "localhost/tandem/order:1";
    },
  },
  {
    rule: "images-come-from-the-file",
    what: "an image without a version",
    says: "names no version",
    change: (object) => {
      containerOf(object("Deployment", "order")).image = "localhost/tandem/order";
    },
  },
  {
    rule: "secrets-are-in-the-catalogue",
    what: "a secret that nobody knows",
    says: "the secret tandem/ordre is not in the catalogue",
    change: (object) => {
      containerOf(object("Deployment", "order")).env[0].valueFrom.secretKeyRef.name = "ordre";
    },
  },
  {
    rule: "secrets-are-in-the-catalogue",
    what: "a key that the secret does not have",
    says: "the secret tandem/order has no key DATABASE in the catalogue",
    change: (object) => {
      containerOf(object("Deployment", "order")).env[0].valueFrom.secretKeyRef.key = "DATABASE";
    },
  },
  {
    rule: "secrets-are-in-the-catalogue",
    what: "a token that the sidecar would not find",
    says: "the secret tandem/token is not in the catalogue",
    change: (object) => {
      annotationsOf(object("Deployment", "order"))["dapr.io/api-token-secret"] = "token";
    },
  },
  {
    rule: "secrets-are-in-the-catalogue",
    what: "a component's secret that nobody makes",
    says: "the secret tandem/reddis is not in the catalogue",
    change: (object) => {
      object("Component", "lockstore").spec.metadata[0].secretKeyRef.name = "reddis";
    },
  },
  {
    rule: "secrets-are-in-the-catalogue",
    what: "an autoscaler's secret that nobody makes",
    says: "the secret tandem/kafka has no key pass in the catalogue",
    in: "production",
    change: (object) => {
      object("TriggerAuthentication", "broker").spec.secretTargetRef[1].key = "pass";
    },
  },
  {
    rule: "no-secret-is-written-down",
    what: "a Secret among the manifests",
    says: "a Secret stands in the repository",
    change: (object) => {
      object("ConfigMap", "order").kind = "Secret";
    },
  },
  {
    rule: "no-secret-is-written-down",
    what: "a secret in a ConfigMap",
    says: "AUTH_CLIENT_SECRET is a secret, and stands in a ConfigMap",
    change: (object) => {
      object("ConfigMap", "order").data.AUTH_CLIENT_SECRET = "hunter2";
    },
  },
  {
    rule: "no-secret-is-written-down",
    what: "a secret in a Deployment",
    says: "DATABASE_URL is a secret, and stands in its manifest",
    change: (object) => {
      containerOf(object("Deployment", "order")).env[0] = { name: "DATABASE_URL", value: "postgres://a:b@c/d" };
    },
  },
  {
    rule: "names-and-labels",
    what: "a name that is none",
    says: '"Order" is no name of an object',
    change: (object) => {
      object("Service", "order").metadata.name = "Order";
    },
  },
  {
    rule: "names-and-labels",
    what: "an object of nobody",
    says: "it has no label app.kubernetes.io/part-of",
    change: (object) => {
      delete object("Service", "order").metadata.labels["app.kubernetes.io/part-of"];
    },
  },
  {
    rule: "objects-are-there-once",
    what: "two objects of one name",
    says: "it stands in local/30-contexts/order/api.yaml too",
    change: (object, objects) => {
      objects.push({ path: "local/elsewhere.yaml", manifest: structuredClone(object("Service", "order")) });
    },
  },
  {
    rule: "deployments-pick-their-own-pods",
    what: "a selector that picks others' pods",
    says: "its selector picks the pods of order-worker too",
    change: (object) => {
      delete object("Deployment", "order").spec.selector.matchLabels["app.kubernetes.io/component"];
    },
  },
  {
    rule: "deployments-pick-their-own-pods",
    what: "a selector that picks none",
    says: "does not pick its own pods",
    change: (object) => {
      object("Deployment", "order").spec.selector.matchLabels["app.kubernetes.io/name"] = "ordre";
    },
  },
  {
    rule: "worker-has-no-service",
    what: "a Service that leads to a worker",
    says: "the Service order leads to it",
    change: (object) => {
      object("Service", "order").spec.selector = { "app.kubernetes.io/name": "order" };
    },
  },
  {
    rule: "settings-roll-the-pods",
    what: "settings that change unseen",
    says: "a change of its settings would not reach its pods",
    change: (object) => {
      delete annotationsOf(object("Deployment", "order"))["tandem.dev/config-hash"];
    },
  },
  {
    rule: "settings-roll-the-pods",
    what: "settings that are not there",
    says: "there is no ConfigMap order",
    change: (_, objects) => drop(objects, "ConfigMap", "order"),
  },
  {
    rule: "sidecar-annotations",
    what: "an annotation that Dapr does not know",
    says: "Dapr knows no annotation dapr.io/app-health-path",
    change: (object) => {
      annotationsOf(object("Deployment", "order"))["dapr.io/app-health-path"] = "/livez";
    },
  },
  {
    rule: "sidecar-annotations",
    what: "a worker without health checks",
    says: "it has no annotation dapr.io/enable-app-health-check",
    change: (object) => {
      delete annotationsOf(object("Deployment", "order-worker"))["dapr.io/enable-app-health-check"];
    },
  },
  {
    rule: "components-are-scoped",
    what: "a component without scopes",
    says: "the component lockstore has no scopes",
    change: (object) => {
      delete object("Component", "lockstore").scopes;
    },
  },
  {
    rule: "components-are-scoped",
    what: "a scope of no app",
    says: "the component lockstore is for ordre, which is no app",
    change: (object) => {
      object("Component", "lockstore").scopes.push("ordre");
    },
  },
  {
    rule: "components-are-scoped",
    what: "an app that may use every topic",
    says: "publishingScopes of pubsub does not name search-worker",
    change: (object) => {
      const { metadata } = object("Component", "pubsub").spec;
      const scopes = metadata.find(({ name }: Anything) => name === "publishingScopes");
      scopes.value = scopes.value.replace("search-worker=", "search-wrker=");
    },
  },
  {
    rule: "app-has-configuration",
    what: "an app without its Configuration",
    says: 'there is no Configuration "ordre" of Dapr',
    change: (object) => {
      annotationsOf(object("Deployment", "order"))["dapr.io/config"] = "ordre";
    },
  },
  {
    rule: "app-id-has-scopes",
    what: "a worker that no component names",
    says: "no component is scoped to loyalty-worker",
    change: (object) => {
      annotationsOf(object("Deployment", "order-worker"))["dapr.io/app-id"] = "loyalty-worker";
    },
  },
];

describe("every manifest", () => {
  it.each(allEnvironments)("of $name keeps to every rule", async (environment) => {
    const world = await readWorld(platform, environment);
    expect(checkPolicies(world)).toEqual([]);
    expect(world.objects.length).toBeGreaterThan(13 * platform.contexts.length);
  });
});

describe("the rules", () => {
  it.each(plants)("find $what", ({ rule, says, in: where = "local", change }) => {
    const found = checkPolicies(planted(worlds[where], change));
    expect(found.filter((line) => line.startsWith(`${rule}: `) && line.includes(says))).not.toEqual([]);
  });

  it("are all proven by a planted mistake", () => {
    expect(policies.map(({ name }) => name).sort()).toEqual([...new Set(plants.map(({ rule }) => rule))].sort());
  });
});
