import type { Environment } from "../environments/index.ts";
import type { Scope } from "../scope.ts";

/** Layer `40-observability`: rules and dashboards. */
export const addObservability = (_scope: Scope, _environment: Environment): void => {};
