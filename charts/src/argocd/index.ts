import type { Environment } from "../environments/index.ts";
import type { Scope } from "../scope.ts";
import { addApplications } from "./applications.ts";
import { addNotifications } from "./notifications.ts";
import { addProjects } from "./projects.ts";
import { addRoot } from "./root.ts";
import { addSettings } from "./settings.ts";

/**
 * `k8s/argocd/<environment>`: who applies the other layers, and in which order. What a person applies once stands in the
 * folder itself (settings of Argo CD, projects, the root Application); what the root applies stands in `apps/`.
 */
export const addArgoCd = (scope: Scope, environment: Environment): void => {
  const layers = scope.layers();
  const namespaces = [environment.namespace, ...(layers.includes("10-stores") ? ["tandem-stores"] : [])];
  addSettings(scope.file("argocd", "settings"));
  addNotifications(scope.file("argocd", "notifications"), environment);
  addProjects(scope.file("argocd", "projects"), environment, namespaces);
  addRoot(scope.file("argocd", "root"), environment);
  addApplications(scope, environment, layers);
};
