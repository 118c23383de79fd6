export {
  ConfigError,
  databaseUrl,
  durationMs,
  flag,
  integer,
  loadConfig,
  logLevel,
  port,
  secret,
  url,
} from "./config.ts";
export { currentContext, type RequestContext, runInContext } from "./context.ts";
export { type BatcherOptions, createBatcher } from "./create-batcher.ts";
export {
  type CheckResult,
  createHealth,
  type Health,
  type HealthCheck,
  type HealthOptions,
  type Readiness,
} from "./health.ts";
export { createLogger, type Logger, type LoggerOptions, type LogLevel, serializeError } from "./logger.ts";
export { isSecretKey, MASK, maskDeep, maskText } from "./mask.ts";
export {
  createMetrics,
  DURATION_BUCKETS_S,
  type HistogramSpec,
  type MetricName,
  type MetricSpec,
  type Metrics,
  type MetricsOptions,
} from "./metrics.ts";
export {
  createOpsRoutes,
  createOpsServer,
  type OpsAnswer,
  type OpsOptions,
  type OpsServer,
  type OpsServerOptions,
} from "./ops-server.ts";
export { type Env, EXIT_CONFIG, type RunBinaryOptions, runBinary } from "./run-binary.ts";
export {
  createShutdown,
  SHUTDOWN_PHASES,
  type Shutdown,
  type ShutdownOptions,
  type ShutdownPhase,
  type ShutdownReport,
} from "./shutdown.ts";
export {
  createTelemetry,
  failSpan,
  inSpan,
  type SpanOptions,
  type Telemetry,
  type TelemetryOptions,
} from "./telemetry.ts";
export { currentTraceparent, linkTo, withTraceparent } from "./trace-context.ts";
export type { Binary, ContinuousWorker } from "./worker.ts";
