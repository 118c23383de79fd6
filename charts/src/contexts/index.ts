import type { Environment } from "../environments/index.ts";
import type { ChartContext } from "../platform.ts";
import type { Layer, Scope } from "../scope.ts";
import { addDeployment } from "./add-deployment.ts";
import { addIngress } from "./add-ingress.ts";
import { addMigration } from "./add-migration.ts";
import { addMonitor } from "./add-monitor.ts";
import { addNamespace } from "./add-namespace.ts";
import { addNetworkPolicy } from "./add-network-policies.ts";
import { addScaling } from "./add-scaling.ts";
import { addService } from "./add-service.ts";
import { addBrokerAuthentication } from "./backlog-triggers.ts";
import { apiOf, type Binary, gatewayOf, workersOf } from "./binary.ts";
import { addPriorities } from "./priorities.ts";

const addBinary = (scope: Scope, layer: Layer, binary: Binary, environment: Environment): void => {
  const chart = scope.file(layer, binary.component);
  addDeployment(chart, binary, scope, environment);
  if (binary.component === "api") addService(chart, binary);
  addScaling(chart, binary, scope.platform, environment);
  addNetworkPolicy(chart, binary, scope.platform, environment);
  if (environment.installed.prometheusOperator) addMonitor(chart, binary);
};

const addContext = (scope: Scope, context: ChartContext, environment: Environment): void => {
  const layer: Layer = `30-contexts/${context.context}`;
  addMigration(scope.file(layer, "migrate"), context, scope, environment);
  for (const binary of [apiOf(context), ...workersOf(context, environment)]) {
    addBinary(scope, layer, binary, environment);
  }
};

/** Layers `00-namespaces` and `30-contexts`: everything of every context of the catalogue, and of the gateway. */
export const addContexts = (scope: Scope, environment: Environment): void => {
  addNamespace(scope, environment);
  addPriorities(scope);
  addBrokerAuthentication(scope, environment);
  const { contexts, gateway } = scope.platform;
  for (const context of contexts) addContext(scope, context, environment);
  const door = gatewayOf(gateway);
  addBinary(scope, `30-contexts/${gateway.context}`, door, environment);
  addIngress(scope.file(`30-contexts/${gateway.context}`, "ingress"), door, environment);
};
