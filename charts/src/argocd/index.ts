import type { Environment } from "../environments/index.ts";
import type { Scope } from "../scope.ts";

/** Layer `argocd`: who applies the other layers, and in which order. */
export const addArgoCd = (_scope: Scope, _environment: Environment): void => {};
