import { addArgoCd } from "./argocd/index.ts";
import { checkCatalogue } from "./check-catalogue.ts";
import { addContexts } from "./contexts/index.ts";
import type { Environment } from "./environments/index.ts";
import { addObservability } from "./observability/index.ts";
import type { Platform } from "./platform.ts";
import { renderKustomizations } from "./render-kustomizations.ts";
import { createScope, type Files, type Manifest, renderManifests } from "./scope.ts";
import { addExternalSecrets } from "./secrets/index.ts";
import { addStores } from "./stores/index.ts";

export interface Synthesized {
  /** Everything below `k8s/` of this environment. */
  readonly files: Files;
  /** The objects in them, by path. */
  readonly manifests: ReadonlyMap<string, readonly Manifest[]>;
}

/** All manifests of one environment. Writes nothing. @throws SynthError */
export const synthesize = (platform: Platform, environment: Environment): Synthesized => {
  checkCatalogue(platform);
  const { scope, manifests, texts } = createScope(platform, environment);
  addContexts(scope, environment);
  addStores(scope, environment);
  addExternalSecrets(scope, environment);
  addObservability(scope, environment);
  // Last: it has an Application for every layer that there is.
  addArgoCd(scope, environment);
  const synthesized = manifests();
  const rendered = Object.fromEntries([...synthesized].map(([path, objects]) => [path, renderManifests(objects)]));
  return { files: { ...rendered, ...texts(), ...renderKustomizations(Object.keys(rendered)) }, manifests: synthesized };
};
