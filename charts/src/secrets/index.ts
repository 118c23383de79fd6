import type { Environment } from "../environments/index.ts";
import type { Scope } from "../scope.ts";

/** Layer `20-secrets`: where the environment keeps secrets outside of the cluster. */
export const addExternalSecrets = (_scope: Scope, _environment: Environment): void => {};
