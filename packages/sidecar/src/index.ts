export type { FaultInjector, Faults } from "./faults.ts";
export {
  type EmbeddedSidecarOptions,
  type EmbeddedSidecars,
  type RunningSidecar,
  type SidecarApp,
  startEmbeddedSidecars,
} from "./start-embedded-sidecars.ts";
