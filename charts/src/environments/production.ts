import type { Environment } from "./environment.ts";

export const production: Environment = {
  name: "production",
  namespace: "tandem",
  registry: "ghcr.io/tandem-commerce",
  installed: { keda: true, prometheusOperator: true, externalSecrets: true },
  broker: "kafka",
  otlpEndpoint: "http://otel-collector.observability:4318",
};
