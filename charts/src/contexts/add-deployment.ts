import { createHash } from "node:crypto";
import type { Chart } from "cdk8s";
import {
  type Container,
  IntOrString,
  KubeConfigMap,
  KubeDeployment,
  KubePodDisruptionBudget,
  KubeServiceAccount,
  type Probe,
  type TopologySpreadConstraint,
} from "cdk8s-plus-33/lib/imports/k8s.js";
import type { Environment } from "../environments/index.ts";
import type { Scope } from "../scope.ts";
import { secretCatalogue } from "../secrets/secret-catalogue.ts";
import type { Binary } from "./binary.ts";
import { daprAnnotations } from "./dapr-annotations.ts";
import { labelsOf, selectorOf } from "./labels.ts";
import { containerSecurity, podSecurity } from "./pod-security.ts";
import { priorityOf } from "./priorities.ts";
import { resourcesOf } from "./resources.ts";
import { tokenVariables, variablesOf } from "./secret-variables.ts";
import { settingsOf } from "./settings.ts";

const probe = (binary: Binary, path: string, timing: Omit<Probe, "httpGet">): Probe => ({
  httpGet: { path, port: IntOrString.fromString(binary.opsPort) },
  ...timing,
});

const containerOf = (binary: Binary, scope: Scope, environment: Environment): Container => {
  const { component, mode, ports, name, appId, shutdown } = binary;
  const secrets = secretCatalogue(scope.platform, environment);
  return {
    name: component,
    image: scope.image(binary.context).reference,
    imagePullPolicy: "IfNotPresent",
    command: [`/app/bin/${component}`],
    ...(mode === undefined ? {} : { args: ["--mode", mode] }),
    ports: Object.entries(ports).map(([port, containerPort]) => ({ name: port, containerPort })),
    envFrom: [{ configMapRef: { name } }],
    env: [...variablesOf(appId, secrets, environment.namespace), ...tokenVariables(binary)],
    resources: resourcesOf(environment.sizes[component]),
    securityContext: containerSecurity,
    startupProbe: probe(binary, "/livez", {
      periodSeconds: 2,
      timeoutSeconds: 2,
      failureThreshold: environment.startupSeconds / 2,
    }),
    // Alive is that the event loop turns: a minute without is a process to restart, a stall is none.
    livenessProbe: probe(binary, "/livez", { periodSeconds: 10, timeoutSeconds: 5, failureThreshold: 6 }),
    // Its checks give up after two seconds.
    readinessProbe: probe(binary, "/readyz", { periodSeconds: 5, timeoutSeconds: 3, failureThreshold: 3 }),
    // There is no shell in the image to sleep with.
    lifecycle: { preStop: { sleep: { seconds: shutdown.preStopSeconds } } },
  };
};

const spreadOf = (binary: Binary, { spread }: Environment): TopologySpreadConstraint[] =>
  (
    [
      ["topology.kubernetes.io/zone", "ScheduleAnyway"],
      ["kubernetes.io/hostname", spread],
    ] as const
  ).map(([topologyKey, whenUnsatisfiable]) => ({
    maxSkew: 1,
    topologyKey,
    whenUnsatisfiable,
    labelSelector: { matchLabels: selectorOf(binary) },
    // Of one version: during a rollout the old pods do not count.
    matchLabelKeys: ["pod-template-hash"],
  }));

/** A binary's account, settings, budget and Deployment. How many replicas it has, its scaling says. */
export const addDeployment = (chart: Chart, binary: Binary, scope: Scope, environment: Environment): void => {
  const { name, component } = binary;
  const { version } = scope.image(binary.context);
  const settings = settingsOf(binary, scope.platform, environment);
  const metadata = { name, labels: labelsOf(binary) };
  const selector = { matchLabels: selectorOf(binary) };
  new KubeServiceAccount(chart, `${name}-account`, { metadata, automountServiceAccountToken: false });
  new KubeConfigMap(chart, `${name}-config`, { metadata, data: settings });
  new KubePodDisruptionBudget(chart, `${name}-budget`, {
    metadata,
    // A pod that is not ready may always go: it would hold up a node for nothing.
    spec: { maxUnavailable: IntOrString.fromNumber(1), selector, unhealthyPodEvictionPolicy: "AlwaysAllow" },
  });
  new KubeDeployment(chart, `${name}-deployment`, {
    metadata: { name, labels: labelsOf(binary, version) },
    spec: {
      selector,
      revisionHistoryLimit: 5,
      progressDeadlineSeconds: environment.startupSeconds + 300,
      strategy: {
        type: "RollingUpdate",
        rollingUpdate: { maxUnavailable: IntOrString.fromNumber(0), maxSurge: IntOrString.fromNumber(1) },
      },
      template: {
        metadata: {
          labels: labelsOf(binary, version),
          annotations: { ...daprAnnotations(binary, environment), "tandem.dev/config-hash": hashOf(settings) },
        },
        spec: {
          serviceAccountName: name,
          automountServiceAccountToken: false,
          // Variables like ORDER_PORT of every Service around would be taken for settings.
          enableServiceLinks: false,
          priorityClassName: priorityOf(component),
          securityContext: podSecurity,
          terminationGracePeriodSeconds: binary.shutdown.graceSeconds,
          topologySpreadConstraints: spreadOf(binary, environment),
          containers: [containerOf(binary, scope, environment)],
        },
      },
    },
  });
};

/** Changes with the settings, so that a change of them rolls the pods. */
const hashOf = (settings: Readonly<Record<string, string>>): string =>
  createHash("sha256").update(JSON.stringify(settings)).digest("hex").slice(0, 16);
