export type { Setting } from "./components/component-document.ts";
export {
  type ComponentEnvironment,
  composeEnvironment,
  kubernetesEnvironments,
  localEnvironment,
} from "./components/component-environment.ts";
export { renderConfiguration } from "./components/configuration.ts";
export { type RenderedFiles, renderComponents, renderKubernetes } from "./components/render-components.ts";
export type {
  Topology,
  TopologyApp,
  TopologyCall,
  TopologyCron,
  TopologyOperation,
  TopologyOutbox,
} from "./components/topology.ts";
export {
  type AppCallbackServer,
  type AppCallbackServerOptions,
  type BulkSubscribeOptions,
  createAppCallbackServer,
} from "./create-app-callback-server.ts";
export { createDapr, type Dapr, type DaprOptions, type SidecarMetadata } from "./create-dapr.ts";
export type { HeldLock, LockStore } from "./create-lock-store.ts";
export type { PublisherOptions } from "./create-publisher.ts";
export type {
  OutboxProjection,
  SetStateOptions,
  StateEntry,
  StateOperation,
  StateStore,
} from "./create-state-store.ts";
