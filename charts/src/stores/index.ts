import type { Environment } from "../environments/index.ts";
import type { Scope } from "../scope.ts";

/** Layer `10-stores`: Postgres, the broker and the inbox of a cluster that has none of its own. */
export const addStores = (_scope: Scope, _environment: Environment): void => {};
