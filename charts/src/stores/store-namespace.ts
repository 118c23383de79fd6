export const STORES_NAMESPACE = "tandem-stores";

/** In which no pod may have more rights than it needs. */
export const namespaceManifest = (name: string) => ({
  apiVersion: "v1",
  kind: "Namespace",
  metadata: { name, labels: namespaceLabels },
});

export const namespaceLabels = {
  "app.kubernetes.io/part-of": "tandem",
  "pod-security.kubernetes.io/enforce": "restricted",
  "pod-security.kubernetes.io/warn": "restricted",
  "pod-security.kubernetes.io/audit": "restricted",
} as const;
