/** A Go module whose source carries CRDs, and what of them the charts use. */
export interface CrdSource {
  /** The group's name is the name of the files: `crds/<group>.yaml`, `imports/<group>.ts`. */
  readonly group: string;
  readonly module: string;
  readonly version: string;
  /** Folder in the module. */
  readonly folder: string;
  readonly files: readonly string[];
  /** The one version of each kind that we write; the others only make the types hard to read. */
  readonly versions: readonly string[];
  /**
   * What we never write, as paths below a kind: `ApplicationSet.spec.generators.matrix` (an array's items count as
   * itself). It is dropped: a megabyte of generators in generators becomes types that a person can read.
   */
  readonly drop?: readonly string[];
  /** Of these maps of choices only those. */
  readonly keep?: Readonly<Record<string, readonly string[]>>;
}

/** Pinned: `npm run charts:import -- --fetch` reads them from the Go module proxy. */
export const crdSources: readonly CrdSource[] = [
  {
    group: "dapr.io",
    module: "github.com/dapr/dapr",
    version: "v1.18.3",
    folder: "charts/dapr/crds",
    files: ["components.yaml", "configuration.yaml", "httpendpoints.yaml", "resiliency.yaml", "subscription.yaml"],
    // Subscriptions have two; the rest has only the first.
    versions: ["v1alpha1", "v2alpha1"],
  },
  {
    group: "argoproj.io",
    module: "github.com/argoproj/argo-cd/v3",
    version: "v3.2.6",
    folder: "manifests/crds",
    files: ["application-crd.yaml", "applicationset-crd.yaml", "appproject-crd.yaml"],
    versions: ["v1alpha1"],
    drop: ["Application.operation"],
    keep: { "ApplicationSet.spec.generators": ["list", "git", "selector"] },
  },
  {
    group: "keda.sh",
    module: "github.com/kedacore/keda/v2",
    version: "v2.21.0",
    folder: "config/crd/bases",
    files: ["keda.sh_scaledobjects.yaml", "keda.sh_triggerauthentications.yaml"],
    versions: ["v1alpha1"],
  },
  {
    group: "monitoring.coreos.com",
    module: "github.com/prometheus-operator/prometheus-operator",
    version: "v0.85.0",
    folder: "example/prometheus-operator-crd",
    files: [
      "monitoring.coreos.com_podmonitors.yaml",
      "monitoring.coreos.com_prometheusrules.yaml",
      "monitoring.coreos.com_servicemonitors.yaml",
    ],
    versions: ["v1"],
  },
  {
    group: "external-secrets.io",
    module: "github.com/external-secrets/external-secrets",
    version: "v1.3.2",
    folder: "config/crds/bases",
    files: ["external-secrets.io_externalsecrets.yaml", "external-secrets.io_secretstores.yaml"],
    versions: ["v1"],
    keep: { "SecretStore.spec.provider": ["aws", "azurekv", "fake", "gcpsm", "kubernetes", "vault"] },
  },
];
