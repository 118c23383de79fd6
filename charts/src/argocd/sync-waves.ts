/**
 * The order in which the root Application installs the others. It waits for each wave to be healthy (the health check in
 * `argocd-cm` makes it), so it holds for a first installation and a rebuilt cluster. Later every Application follows its
 * own folder of the repository as it changes, in no order: releases must not need one (docs/runbooks/rollback.md).
 */
export const syncWaves = {
  /** CRDs, and an injector that serves before the first pod is created: one made earlier has no sidecar, silently. */
  daprChart: 0,
  namespaces: 10,
  stores: 20,
  secrets: 30,
  components: 40,
  contexts: 50,
  /** The door, when the Applications are written out. */
  gateway: 80,
  observability: 90,
} as const;

export const waveAnnotation = (wave: number): Readonly<Record<string, string>> => ({
  "argocd.argoproj.io/sync-wave": String(wave),
});
