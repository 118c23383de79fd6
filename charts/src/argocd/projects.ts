import type { Construct } from "constructs";
import { AppProject } from "../../imports/argoproj.io.ts";
import type { EnvironmentName } from "../environments/environment.ts";
import type { Environment } from "../environments/index.ts";

export const daprChartRepository = "https://dapr.github.io/helm-charts/";
export const daprNamespace = "dapr-system";

/** One Argo CD may serve several environments: the names say which. */
export const projectsOf = (environment: EnvironmentName) => ({
  /** Makes Applications, nothing else. */
  root: `tandem-${environment}-root`,
  /** What the contexts consist of. No Secret, no Role, nothing of the cluster but namespaces and priorities. */
  workloads: `tandem-${environment}`,
  dapr: `tandem-${environment}-dapr`,
});

const kinds = (group: string, ...names: readonly string[]) => names.map((kind) => ({ group, kind }));

/** A kind that is missing here is refused by Argo CD: writing it is a decision, and secrets never come from git. */
const workloadKinds = ({ installed, door }: Environment) => [
  ...kinds("", "ConfigMap", "Service", "ServiceAccount", "PersistentVolumeClaim"),
  ...kinds("apps", "Deployment", "StatefulSet"),
  ...kinds("batch", "Job", "CronJob"),
  ...kinds("autoscaling", "HorizontalPodAutoscaler"),
  ...kinds("policy", "PodDisruptionBudget"),
  ...kinds("networking.k8s.io", "NetworkPolicy", ...(door === undefined ? [] : ["Ingress"])),
  ...kinds("dapr.io", "Component", "Configuration", "HTTPEndpoint", "Resiliency", "Subscription"),
  ...(installed.keda ? kinds("keda.sh", "ScaledObject", "TriggerAuthentication") : []),
  ...(installed.prometheusOperator
    ? kinds("monitoring.coreos.com", "PodMonitor", "PrometheusRule", "ServiceMonitor")
    : []),
  ...(installed.externalSecrets ? kinds("external-secrets.io", "ExternalSecret") : []),
];

/**
 * What Applications may do, each project with the least. Applied by hand, with the root: a commit cannot widen them.
 */
export const addProjects = (scope: Construct, environment: Environment, namespaces: readonly string[]): void => {
  const { name, gitops } = environment;
  const names = projectsOf(name);
  const to = (...all: readonly string[]) => all.map((namespace) => ({ server: gitops.cluster, namespace }));
  new AppProject(scope, "root", {
    metadata: { name: names.root },
    spec: {
      description: `Tandem ${name}: the Applications`,
      sourceRepos: [gitops.repoUrl],
      destinations: to("argocd"),
      clusterResourceWhitelist: [],
      namespaceResourceWhitelist: kinds("argoproj.io", "Application", "ApplicationSet"),
    },
  });
  new AppProject(scope, "workloads", {
    metadata: { name: names.workloads },
    spec: {
      description: `Tandem ${name}: contexts, components, stores`,
      sourceRepos: [gitops.repoUrl],
      destinations: to(...namespaces),
      clusterResourceWhitelist: [...kinds("", "Namespace"), ...kinds("scheduling.k8s.io", "PriorityClass")],
      namespaceResourceWhitelist: workloadKinds(environment),
    },
  });
  if (!gitops.daprChart) return;
  new AppProject(scope, "dapr", {
    metadata: { name: names.dapr },
    spec: {
      description: `Tandem ${name}: Dapr's control plane`,
      sourceRepos: [daprChartRepository],
      destinations: to(daprNamespace),
      clusterResourceWhitelist: [
        ...kinds("", "Namespace"),
        ...kinds("apiextensions.k8s.io", "CustomResourceDefinition"),
        ...kinds("rbac.authorization.k8s.io", "ClusterRole", "ClusterRoleBinding"),
        ...kinds("admissionregistration.k8s.io", "MutatingWebhookConfiguration"),
      ],
      namespaceResourceWhitelist: [{ group: "*", kind: "*" }],
    },
  });
};
