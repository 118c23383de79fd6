export { type Broker, type BrokerOptions, startBroker } from "./broker.ts";
export { type Daprd, type DaprdOptions, linkDaprRuntime, startDaprd } from "./daprd.ts";
export {
  type FindToolOptions,
  type FoundTool,
  findTool,
  type MissingTool,
  requireTool,
  ToolMissingError,
} from "./find-tool.ts";
export { freePorts } from "./free-ports.ts";
export { type Kafka, type KafkaOptions, startKafka } from "./kafka.ts";
export { type Program, type ProgramExit, ProgramFailedError, type ProgramOptions, startProgram } from "./program.ts";
export { type SearchServer, type SearchServerOptions, startSearchServer } from "./search-server.ts";
export { type Sentry, type SentryOptions, startSentry } from "./sentry.ts";
export { type ToolName, toolNames, wantedVersions } from "./tool-table.ts";
