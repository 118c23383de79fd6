export {
  type ApiConfig,
  apiConfig,
  type GatewayConfig,
  gatewayConfig,
  type PlatformConfig,
  type WorkerConfig,
  workerConfig,
} from "./config.ts";
export { type ApiDefinition, type ApiFollower, type ApiParts, defineApi } from "./define-api.ts";
export { defineGateway, type GatewayDefinition, type GatewayServer } from "./define-gateway.ts";
export { type MigrationSetsOptions, migrationSets, runMigrate } from "./define-migrate.ts";
export {
  defineWorker,
  readWorkerMode,
  type WorkerDefinition,
  type WorkerMode,
  type WorkerOptions,
  type WorkerParts,
  type WorkerStarter,
} from "./define-worker.ts";
export type { BinaryHost, Foundation, Platform } from "./platform.ts";
