import { KubeConfigMap } from "cdk8s-plus-33/lib/imports/k8s.js";
import type { Construct } from "constructs";
import { stringify } from "yaml";
import type { Environment } from "../environments/index.ts";

interface Failure {
  readonly when: string;
  readonly message: string;
}

const link = "{{.context.argocdUrl}}/applications/{{.app.metadata.name}}";

/** By name of the trigger. `oncePer` the commit: a failure that is retried is one message. */
const failures: Readonly<Record<string, Failure>> = {
  "on-sync-failed": {
    when: "app.status.operationState != nil and app.status.operationState.phase in ['Error', 'Failed']",
    message: `{{.app.metadata.name}} could not be synced: {{.app.status.operationState.message}}\n${link}?operation=true`,
  },
  "on-health-degraded": {
    when: "app.status.health.status == 'Degraded'",
    message: `{{.app.metadata.name}} is degraded\n${link}`,
  },
  "on-sync-status-unknown": {
    when: "app.status.sync.status == 'Unknown'",
    message: `{{.app.metadata.name}} cannot be compared with git\n${link}`,
  },
};

/** The annotations of an Application whose failures somebody hears of. */
export const subscriptionsOf = ({ gitops }: Environment): Readonly<Record<string, string>> => {
  const { failuresTo } = gitops;
  if (!failuresTo) return {};
  return Object.fromEntries(
    Object.keys(failures).map((trigger) => [
      `notifications.argoproj.io/subscribe.${trigger}.${failuresTo.service}`,
      failuresTo.recipient,
    ]),
  );
};

/** Keys of Argo CD's own `argocd-notifications-cm`. The token stands in `argocd-notifications-secret`, made by a person. */
export const addNotifications = (scope: Construct, { gitops }: Environment): void => {
  const { failuresTo } = gitops;
  if (!failuresTo) return;
  new KubeConfigMap(scope, "notifications", {
    metadata: {
      name: "argocd-notifications-cm",
      labels: { "app.kubernetes.io/name": "argocd-notifications-cm", "app.kubernetes.io/part-of": "argocd" },
    },
    data: {
      context: stringify({ argocdUrl: failuresTo.argocdUrl }),
      [`service.${failuresTo.service}`]: stringify({ token: `$${failuresTo.service}-token` }),
      ...Object.fromEntries(
        Object.entries(failures).flatMap(([trigger, { when, message }]) => [
          [
            `trigger.${trigger}`,
            stringify(
              [{ when, send: [`tandem-${trigger}`], oncePer: "app.status.operationState?.syncResult?.revision" }],
              { lineWidth: 0 },
            ),
          ],
          [`template.tandem-${trigger}`, stringify({ message }, { lineWidth: 0 })],
        ]),
      ),
    },
  });
};
