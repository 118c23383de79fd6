import { KubeNamespace } from "cdk8s-plus-33/lib/imports/k8s.js";
import type { Environment } from "../environments/index.ts";
import type { Scope } from "../scope.ts";

/** Layers `00-namespaces` and `30-contexts`. */
export const addContexts = (scope: Scope, environment: Environment): void => {
  new KubeNamespace(scope.file("00-namespaces", "namespaces"), "tandem", {
    metadata: {
      name: environment.namespace,
      labels: {
        "app.kubernetes.io/part-of": "tandem",
        "pod-security.kubernetes.io/enforce": "restricted",
        "pod-security.kubernetes.io/warn": "restricted",
        "pod-security.kubernetes.io/audit": "restricted",
      },
    },
  });
};
