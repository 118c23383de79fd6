import { type ComponentEnvironment, kubernetesEnvironments } from "@tandem/dapr";
import { expect, it } from "vitest";
import { environments } from "../../charts/src/environments/index.ts";

const pairs: readonly (readonly [keyof typeof environments, ComponentEnvironment])[] = [
  ["local", kubernetesEnvironments.kind],
  ["staging", kubernetesEnvironments.staging],
  ["production", kubernetesEnvironments.production],
];

it.each(pairs)("charts and components agree on %s: namespace, broker, and where traces go", (name, components) => {
  const { namespace, broker, otlpEndpoint } = environments[name];
  expect(components.namespace).toBe(namespace);
  expect(components.kafka === undefined ? "redis" : "kafka").toBe(broker.kind);
  expect(components.otlpAddress && `http://${components.otlpAddress}`).toBe(otlpEndpoint);
});
