import { posix } from "node:path";
import type { Files } from "./scope.ts";
import { renderManifests } from "./scope.ts";

/** A kustomization.yaml for every folder that holds manifests, and one above those of the contexts, so that `kubectl apply -k` takes each. */
export const renderKustomizations = (paths: readonly string[]): Files => {
  const resources = new Map<string, Set<string>>();
  const add = (folder: string, resource: string) => {
    const known = resources.get(folder) ?? new Set();
    resources.set(folder, known.add(resource));
  };
  for (const path of paths) {
    const folder = posix.dirname(path);
    add(folder, posix.basename(path));
    if (posix.basename(posix.dirname(folder)) === "30-contexts") add(posix.dirname(folder), posix.basename(folder));
  }
  return Object.fromEntries(
    [...resources].map(([folder, names]) => [
      `${folder}/kustomization.yaml`,
      renderManifests([
        { apiVersion: "kustomize.config.k8s.io/v1beta1", kind: "Kustomization", resources: [...names].sort() },
      ]),
    ]),
  );
};
