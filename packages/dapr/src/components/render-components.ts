import { checkComponents, checkTopicScopes, checkTopology } from "./check-topology.ts";
import { type ComponentDocument, joinDocuments, renderComponent, renderDocument } from "./component-document.ts";
import type { ComponentEnvironment } from "./component-environment.ts";
import { renderAppConfiguration } from "./configuration.ts";
import { pubsubComponent } from "./pubsub-component.ts";
import { renderResiliency } from "./resiliency.ts";
import { cronBinding, gatewayStore, lockStore, stateStore } from "./store-components.ts";
import { topicScopesOf } from "./topic-scopes.ts";
import { appIdsOf, type Topology } from "./topology.ts";

/** File name to content. */
export type RenderedFiles = Readonly<Record<string, string>>;

/** All component and resiliency files of a platform: daprd's `--resources-path`. Pure, and the same every time. */
export const renderComponents = (topology: Topology, environment: ComponentEnvironment): RenderedFiles => {
  const files = componentsOf(topology, environment);
  const namespace = environment.kubernetes ? environment.namespace : undefined;
  return {
    ...Object.fromEntries(
      Object.entries(files).map(([file, components]) => [
        file,
        joinDocuments(components.map((component) => renderComponent(component, namespace))),
      ]),
    ),
    "resiliency.yaml": joinDocuments([renderResiliency(environment)]),
  };
};

const componentsOf = (
  topology: Topology,
  environment: ComponentEnvironment,
): Readonly<Record<string, readonly ComponentDocument[]>> => ({
  "pubsub.yaml": [pubsubComponent(topology, environment)],
  "statestore.yaml": [stateStore(topology, environment)],
  ...(topology.gateway === undefined
    ? {}
    : { "gatewaystore.yaml": [gatewayStore(topology.gateway.appId, environment)] }),
  "lockstore.yaml": [lockStore(topology, environment)],
  "cron.yaml": topology.crons.map(cronBinding),
});

const KUSTOMIZATION_COMMENT = "For `kubectl apply -k` and Argo CD.";

/**
 * What a cluster gets: components, resiliency, and a Configuration for each app id in `configurations/`.
 * @param appIds every app that will have a sidecar
 * @throws TypeError naming the component without a scope, or the app id without topic scopes
 */
export const renderKubernetes = (
  topology: Topology,
  environment: ComponentEnvironment,
  appIds: readonly string[],
): RenderedFiles => {
  checkTopology(topology);
  checkTopicScopes(topicScopesOf(topology, environment.namespace, true), appIds);
  checkComponents(Object.values(componentsOf(topology, environment)).flat(), topology);
  const configurations = Object.fromEntries(
    appIdsOf(topology).map((appId) => [
      `configurations/${appId}.yaml`,
      joinDocuments([renderAppConfiguration(topology, environment, appId)]),
    ]),
  );
  const files = { ...renderComponents(topology, environment), ...configurations };
  const kustomization = {
    apiVersion: "kustomize.config.k8s.io/v1beta1",
    kind: "Kustomization",
    resources: Object.keys(files).sort(),
  };
  return { ...files, "kustomization.yaml": joinDocuments([renderDocument(kustomization, KUSTOMIZATION_COMMENT)]) };
};
