import { KubeConfigMap } from "cdk8s-plus-33/lib/imports/k8s.js";
import type { Construct } from "constructs";

/**
 * Argo CD judges no Application by itself, and a wave of unjudged objects is over as soon as it is applied. Healthy is one
 * that is healthy and has synced at least once: a fresh one has nothing yet, which counts as healthy, and so does one
 * whose hooks are still running. A sync that failed for good is said at once, a failed try is not: it is then tried again.
 */
const applicationHealth = `local hs = { status = "Progressing", message = "not synced yet" }
if obj.status == nil or obj.status.health == nil then return hs end
local phase = ""
if obj.status.operationState ~= nil then
  phase = obj.status.operationState.phase or ""
  hs.message = obj.status.operationState.message or ""
end
if phase == "Failed" or phase == "Error" then
  hs.status = "Degraded"
  return hs
end
if phase == "Running" then return hs end
local synced = phase == "Succeeded" or (obj.status.sync ~= nil and obj.status.sync.status == "Synced")
if obj.status.health.status == "Healthy" and not synced then return hs end
hs.status = obj.status.health.status
hs.message = obj.status.health.message or ""
return hs
`;

/** Sidecars load components, nobody writes a status. One without scopes is loaded by all of them: a mistake here. */
const componentHealth = `local hs = { status = "Healthy", message = "loaded by the sidecars of its scopes" }
if obj.scopes == nil or #obj.scopes == 0 then
  hs.status = "Degraded"
  hs.message = "no scopes: every sidecar of the namespace loads it"
end
return hs
`;

/**
 * Keys of Argo CD's own `argocd-cm`: applied server-side they join those that are there. ScaledObject, ExternalSecret,
 * PodDisruptionBudget and ApplicationSet are judged by Argo CD 3.2 as it comes.
 */
export const addSettings = (scope: Construct): void => {
  new KubeConfigMap(scope, "settings", {
    metadata: {
      name: "argocd-cm",
      labels: { "app.kubernetes.io/name": "argocd-cm", "app.kubernetes.io/part-of": "argocd" },
    },
    data: {
      "resource.customizations.health.argoproj.io_Application": applicationHealth,
      "resource.customizations.health.dapr.io_Component": componentHealth,
    },
  });
};
