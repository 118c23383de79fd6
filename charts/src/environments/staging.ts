import type { Environment } from "./environment.ts";

export const staging: Environment = {
  name: "staging",
  namespace: "tandem",
  registry: "ghcr.io/tandem-commerce",
  installed: { keda: true, prometheusOperator: true, externalSecrets: true },
  broker: "redis",
  otlpEndpoint: "http://otel-collector.observability:4318",
};
