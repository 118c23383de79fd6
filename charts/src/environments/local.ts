import type { Environment } from "./environment.ts";

/** kind, or the cluster of ../shared/cluster: everything on one machine, nothing installed that is not needed. */
export const local: Environment = {
  name: "local",
  namespace: "tandem",
  registry: "localhost",
  installed: { keda: false, prometheusOperator: false, externalSecrets: false },
  broker: "redis",
};
