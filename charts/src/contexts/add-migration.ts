import type { Chart } from "cdk8s";
import { KubeJob, KubeServiceAccount } from "cdk8s-plus-33/lib/imports/k8s.js";
import type { Environment } from "../environments/index.ts";
import type { ChartContext } from "../platform.ts";
import type { Scope } from "../scope.ts";
import { secretCatalogue } from "../secrets/secret-catalogue.ts";
import { migrationLabels } from "./labels.ts";
import { containerSecurity, podSecurity } from "./pod-security.ts";
import { priorityOf } from "./priorities.ts";
import { resourcesOf } from "./resources.ts";
import { variablesOf } from "./secret-variables.ts";

/** Ahead of everything else of its context, and gone before the next one comes: a Job cannot be changed. */
const hook = (wave: number) => ({
  "argocd.argoproj.io/hook": "PreSync",
  "argocd.argoproj.io/hook-delete-policy": "BeforeHookCreation",
  "argocd.argoproj.io/sync-wave": String(wave),
});

/**
 * Brings the context's database to the schema of its image. Argo CD runs it before it touches the Deployments; with kubectl, apply
 * this file, wait for the Job, then apply the rest. It needs nothing of the context's other files, which come after it.
 */
export const addMigration = (chart: Chart, context: ChartContext, scope: Scope, environment: Environment): void => {
  const name = `${context.context}-migrate`;
  const { reference, version } = scope.image(context.context);
  const labels = migrationLabels(context.context, version);
  new KubeServiceAccount(chart, "account", {
    metadata: { name, labels: migrationLabels(context.context), annotations: hook(-1) },
    automountServiceAccountToken: false,
  });
  new KubeJob(chart, "job", {
    metadata: { name, labels, annotations: hook(0) },
    spec: {
      // The database may be on its way up.
      backoffLimit: 6,
      activeDeadlineSeconds: 900,
      ttlSecondsAfterFinished: 86_400,
      template: {
        metadata: { labels, annotations: { "dapr.io/enabled": "false" } },
        spec: {
          restartPolicy: "Never",
          serviceAccountName: name,
          automountServiceAccountToken: false,
          enableServiceLinks: false,
          // A release waits for it.
          priorityClassName: priorityOf("api"),
          securityContext: podSecurity,
          containers: [
            {
              name: "migrate",
              image: reference,
              imagePullPolicy: "IfNotPresent",
              command: ["/app/bin/migrate", "up"],
              env: variablesOf(name, secretCatalogue(scope.platform, environment), environment.namespace),
              resources: resourcesOf(environment.sizes.migrate),
              securityContext: containerSecurity,
            },
          ],
        },
      },
    },
  });
};
