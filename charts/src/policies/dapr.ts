import { deployments, type Finding, type Located, type Policy, type World } from "./world.ts";

/** The annotations that Dapr 1.18 reads (pkg/injector/annotations) and we use. Others it ignores without a word. */
export const daprAnnotationNames: readonly string[] = [
  "enabled",
  "app-id",
  "app-port",
  "app-protocol",
  "config",
  "enable-app-health-check",
  "app-health-check-path",
  "app-health-probe-interval",
  "app-health-probe-timeout",
  "app-health-threshold",
  "api-token-secret",
  "app-token-secret",
  "disable-builtin-k8s-secret-store",
  "sidecar-seccomp-profile-type",
  "sidecar-listen-addresses",
  "placement-host-address",
  "scheduler-host-address",
  "log-as-json",
  "enable-metrics",
  "metrics-port",
  "sidecar-cpu-request",
  "sidecar-memory-request",
  "sidecar-memory-limit",
  "sidecar-readiness-probe-period-seconds",
  "sidecar-readiness-probe-timeout-seconds",
  "block-shutdown-duration",
  "graceful-shutdown-seconds",
  "max-body-size",
].map((name) => `dapr.io/${name}`);

/** Without them the sidecar does not start, loses messages, or has no say in what it may use. */
const MANDATORY = [
  "enabled",
  "app-id",
  "app-port",
  "config",
  "enable-app-health-check",
  "api-token-secret",
  "disable-builtin-k8s-secret-store",
  "sidecar-seccomp-profile-type",
  "sidecar-cpu-request",
  "sidecar-memory-request",
  "sidecar-memory-limit",
].map((name) => `dapr.io/${name}`);

const annotations: Policy = {
  name: "sidecar-annotations",
  check: (world) =>
    deployments(world).flatMap((at): Finding[] => {
      const given: Readonly<Record<string, string>> = at.template.metadata?.annotations ?? {};
      return [
        ...Object.keys(given)
          .filter((name) => name.startsWith("dapr.io/") && !daprAnnotationNames.includes(name))
          .map((name) => ({ at, problem: `Dapr knows no annotation ${name}, or we have no use for it` })),
        ...MANDATORY.filter((name) => !given[name]).map((name) => ({ at, problem: `it has no annotation ${name}` })),
        ...(given["dapr.io/sidecar-cpu-limit"] ? [{ at, problem: "its sidecar has a limit of cpu" }] : []),
      ];
    }),
};

const appIdsOf = (world: World): ReadonlyMap<string, Located> =>
  new Map(
    deployments(world).flatMap((at) => {
      const appId: string | undefined = at.template.metadata?.annotations?.["dapr.io/app-id"];
      return appId === undefined ? [] : [[appId, at] as const];
    }),
  );

/** `a=x,y;b=` to the app ids that are named: also with nothing, which is what "may nothing" looks like. */
const namedIn = ({ manifest }: Located, setting: string): readonly string[] => {
  const found = (manifest["spec"]?.metadata ?? []).find(({ name }: { name: string }) => name === setting);
  return String(found?.value ?? "")
    .split(";")
    .map((scope) => scope.split("=", 1)[0] ?? "")
    .filter((appId) => appId !== "");
};

/** A component without scopes is everybody's; an app id that topic scopes do not name may use every topic. */
const scopes: Policy = {
  name: "components-are-scoped",
  check: (world) => {
    const appIds = appIdsOf(world);
    const components = world.components.filter(({ manifest }) => manifest.kind === "Component");
    return components.flatMap((at): Finding[] => {
      const { name } = at.manifest.metadata;
      const loadedBy: readonly string[] = at.manifest["scopes"] ?? [];
      const isPubsub = String(at.manifest["spec"]?.type).startsWith("pubsub.");
      return [
        ...(loadedBy.length > 0 ? [] : [{ at, problem: `the component ${name} has no scopes: every app loads it` }]),
        ...loadedBy
          .filter((appId) => !appIds.has(appId))
          .map((appId) => ({ at, problem: `the component ${name} is for ${appId}, which is no app` })),
        ...(isPubsub ? ["publishingScopes", "subscriptionScopes"] : []).flatMap((setting) =>
          loadedBy
            .filter((appId) => !namedIn(at, setting).includes(appId))
            .map((appId) => ({ at, problem: `${setting} of ${name} does not name ${appId}: it may use every topic` })),
        ),
      ];
    });
  },
};

/** Which callers and APIs an app allows stands in its Configuration; a pod that names one that is not there does not start. */
const configurations: Policy = {
  name: "app-has-configuration",
  check: (world) => {
    const known = new Set(
      world.components
        .filter(({ manifest }) => manifest.kind === "Configuration")
        .map(({ manifest }) => manifest.metadata.name),
    );
    return deployments(world).flatMap((at): Finding[] => {
      const name: string | undefined = at.template.metadata?.annotations?.["dapr.io/config"];
      return name !== undefined && known.has(name)
        ? []
        : [{ at, problem: `there is no Configuration "${name}" of Dapr` }];
    });
  },
};

/** A worker consumes, so somebody must say what: an app id that no component names has no broker. */
const workersHaveBroker: Policy = {
  name: "app-id-has-scopes",
  check: (world) => {
    const named = new Set(
      world.components.flatMap(({ manifest }) => (manifest.kind === "Component" ? (manifest["scopes"] ?? []) : [])),
    );
    return [...appIdsOf(world)]
      .filter(([appId]) => appId.endsWith("-worker") && !named.has(appId))
      .map(([appId, at]) => ({ at, problem: `no component is scoped to ${appId}: it would start without a broker` }));
  },
};

export const daprPolicies: readonly Policy[] = [annotations, scopes, configurations, workersHaveBroker];
