import type { ApplicationSpec } from "../../imports/argoproj.io.ts";
import type { Environment } from "../environments/index.ts";
import { daprChartRepository, daprNamespace, projectsOf } from "./projects.ts";

/** Twenty minutes: 10 s, 20 s, 40 s, ... at most 3 min apart. Then a person hears of it. */
const retry = { limit: 10, backoff: { duration: "10s", factor: 2, maxDuration: "3m" } };

/** `prune: false` is left out: Argo CD drops it from what it stores, and would then see a difference for ever. */
const automated = (prune: boolean) => ({ ...(prune ? { prune } : {}), selfHeal: true });

const syncOptions = [
  // Also what is larger than the annotation of a client-side apply, and no quarrel over fields that others set.
  "ServerSideApply=true",
  "RespectIgnoreDifferences=true",
  // What is gone from git goes when everything else is healthy.
  "PruneLast=true",
  "PrunePropagationPolicy=foreground",
  // Of two Applications with the same object the second fails, instead of both applying it in turn for ever.
  "FailOnSharedResource=true",
];

const ignoreDifferences = [
  // Whoever scales, HPA or KEDA, owns the number of replicas.
  { group: "apps", kind: "Deployment", jsonPointers: ["/spec/replicas"] },
  // The API server fills these in; seen on a real cluster: without this a StatefulSet with a volume is never Synced.
  {
    group: "apps",
    kind: "StatefulSet",
    jqPathExpressions: ["apiVersion", "kind", "status", "spec.volumeMode"].map(
      (field) => `.spec.volumeClaimTemplates[]?.${field}`,
    ),
  },
];

/** One folder of this repository. `keep`: what is gone from git stays in the cluster, for a person to delete. */
export const folderSpec = (
  { name, namespace, gitops }: Environment,
  { path, keep = false }: { readonly path: string; readonly keep?: boolean },
): ApplicationSpec => ({
  project: projectsOf(name).workloads,
  source: { repoUrl: gitops.repoUrl, targetRevision: gitops.revision, path },
  destination: { server: gitops.cluster, namespace },
  ignoreDifferences,
  syncPolicy: { automated: automated(!keep), syncOptions, retry },
  revisionHistoryLimit: 10,
});

/** The Applications themselves. Waits, wave by wave, so it takes as long as everything together. */
export const rootSpec = ({ name, gitops }: Environment): ApplicationSpec => ({
  project: projectsOf(name).root,
  source: { repoUrl: gitops.repoUrl, targetRevision: gitops.revision, path: `k8s/argocd/${name}/apps` },
  destination: { server: gitops.cluster, namespace: "argocd" },
  syncPolicy: { automated: automated(true), syncOptions, retry },
  revisionHistoryLimit: 10,
});

/** Dapr's control plane. Its CRDs come with the chart and are never pruned with it. */
export const daprSpec = (
  { name, gitops }: Environment,
  { version, highlyAvailable }: NonNullable<Environment["gitops"]["daprChart"]>,
): ApplicationSpec => ({
  project: projectsOf(name).dapr,
  source: {
    repoUrl: daprChartRepository,
    chart: "dapr",
    targetRevision: version,
    helm: {
      releaseName: "dapr",
      valuesObject: {
        global: { ha: { enabled: highlyAvailable }, logAsJson: true },
        // Without it a namespace under Pod Security "restricted" refuses every pod that gets a sidecar.
        dapr_sidecar_injector: { sidecarDropALLCapabilities: true },
        // The webhook lets pods pass when the injector does not answer in time, as on a full machine: seen, nine of 24 came up without
        // a sidecar, and nothing ever mends that. The watchdog deletes such pods, and they are made again.
        dapr_operator: { watchInterval: "1m" },
        // It would let sidecars read every secret of the namespace: the operator resolves those that components name.
        dapr_rbac: { secretReader: { enabled: false } },
      },
    },
  },
  destination: { server: gitops.cluster, namespace: daprNamespace },
  ignoreDifferences: [
    // Sentry makes the authority and hands it to the webhooks: what the chart has there is empty.
    { group: "", kind: "Secret", name: "dapr-trust-bundle", jsonPointers: ["/data"] },
    { group: "", kind: "ConfigMap", name: "dapr-trust-bundle", jsonPointers: ["/data"] },
    {
      group: "admissionregistration.k8s.io",
      kind: "MutatingWebhookConfiguration",
      jqPathExpressions: [".webhooks[]?.clientConfig.caBundle"],
    },
    {
      group: "apiextensions.k8s.io",
      kind: "CustomResourceDefinition",
      jsonPointers: ["/spec/conversion/webhook/clientConfig/caBundle"],
    },
  ],
  syncPolicy: {
    automated: automated(false),
    syncOptions: [...syncOptions, "CreateNamespace=true"],
    retry,
  },
  revisionHistoryLimit: 10,
});
