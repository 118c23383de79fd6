import { hostname } from "node:os";
import { createServiceTokenSource, type ServiceTokenSource } from "@tandem/auth";
import type { ServiceEntry } from "@tandem/contracts";
import { createDapr, type Dapr } from "@tandem/dapr";
import { type Clock, newId, systemClock } from "@tandem/kernel";
import { createOutbox, type Outbox } from "@tandem/messaging";
import { createDatabase, type Database } from "@tandem/postgres";
import {
  createHealth,
  createLogger,
  createMetrics,
  createShutdown,
  createTelemetry,
  type Health,
  type Logger,
  type LoggerOptions,
  type Metrics,
  type Shutdown,
  type Telemetry,
} from "@tandem/runtime";
import type { BinaryConfig, PlatformConfig } from "./config.ts";

/** What every binary has. */
export interface Foundation<C extends BinaryConfig> {
  readonly config: C;
  readonly dapr: Dapr;
  /** This binary's own token, for its RPC clients (`tokenSource`). Absent when the configuration gives it no credentials. */
  readonly serviceTokens: ServiceTokenSource | undefined;
  readonly clock: Clock;
  /** Unique among the replicas of this binary. */
  readonly owner: string;
  readonly log: Logger;
  readonly metrics: Metrics;
  readonly telemetry: Telemetry;
  readonly health: Health;
  readonly shutdown: Shutdown;
}

/** What a service's composition gets to build on. */
export interface Platform<C extends PlatformConfig> extends Foundation<C> {
  readonly service: ServiceEntry;
  readonly database: Database;
  readonly outbox: Outbox;
}

/** What the process around a binary decides: one that hosts ten of them sends their logs to a file. */
export interface BinaryHost {
  /** Default: standard output. */
  readonly logDestination?: LoggerOptions["destination"];
}

/** Opens what every binary has. Connects to nothing yet; what it opens is closed by its shutdown. */
export const createFoundation = <C extends BinaryConfig>(
  appId: string,
  config: C,
  { logDestination }: BinaryHost,
): Foundation<C> => {
  const log = createLogger({
    service: appId,
    level: config.LOG_LEVEL,
    ...(logDestination ? { destination: logDestination } : {}),
  });
  const telemetry = createTelemetry({
    service: appId,
    log,
    ...(config.OTEL_EXPORTER_OTLP_ENDPOINT
      ? { otlpEndpoint: config.OTEL_EXPORTER_OTLP_ENDPOINT, sampleRatio: config.OTEL_SAMPLE_BASIS_POINTS / 10_000 }
      : {}),
  });
  const health = createHealth();
  const shutdown = createShutdown({
    health,
    log,
    drainDelayMs: config.DRAIN_DELAY_MS,
    timeoutMs: config.SHUTDOWN_TIMEOUT_MS,
  });
  const dapr = createDapr({
    grpcPort: config.DAPR_GRPC_PORT,
    httpPort: config.DAPR_HTTP_PORT,
    ...(config.DAPR_API_TOKEN ? { apiToken: config.DAPR_API_TOKEN } : {}),
  });
  shutdown.on("close-resources", "dapr", () => dapr.close());
  shutdown.on("flush-telemetry", "traces", () => telemetry.shutdown());
  return {
    config,
    dapr,
    serviceTokens: serviceTokensOf(appId, config),
    clock: systemClock,
    owner: `${config.HOSTNAME ?? hostname()}/${process.pid}/${newId().slice(-6)}`,
    log,
    metrics: createMetrics({ service: appId }),
    telemetry,
    health,
    shutdown,
  };
};

/** The foundation and a context's database. */
export const createPlatform = <C extends PlatformConfig>(
  service: ServiceEntry,
  appId: string,
  config: C,
  host: BinaryHost,
): Platform<C> => {
  const foundation = createFoundation(appId, config, host);
  const { log, metrics, telemetry, health, shutdown } = foundation;
  const database = createDatabase({
    url: config.DATABASE_URL,
    name: appId,
    maxConnections: config.DATABASE_MAX_CONNECTIONS,
    sessionNice: config.DATABASE_SESSION_NICE,
    log,
    metrics,
    tracer: telemetry.tracer,
  });
  health.addCheck("postgres", (signal) => database.check(signal));
  shutdown.on("close-resources", "postgres", () => database.dispose());
  return { ...foundation, service, database, outbox: createOutbox({ database, source: service.apiAppId }) };
};

const serviceTokensOf = (
  appId: string,
  { AUTH_TOKEN_URL: tokenUrl, AUTH_CLIENT_SECRET: clientSecret }: BinaryConfig,
): ServiceTokenSource | undefined =>
  tokenUrl === undefined || clientSecret === undefined
    ? undefined
    : createServiceTokenSource({
        serviceName: appId,
        audience: "", // the auth context says for whom
        credentials: { tokenUrl, client: appId, clientSecret },
      });
