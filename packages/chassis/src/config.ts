import { gatewayEntry } from "@tandem/contracts";
import { defaultRateLimits } from "@tandem/rpc";
import { databaseUrl, durationMs, integer, logLevel, port, secret, url } from "@tandem/runtime";
import { z } from "zod";

/** What every binary reads, with a database or without. */
const binaryConfig = z.object({
  DAPR_HTTP_PORT: port(),
  DAPR_GRPC_PORT: port(),
  DAPR_API_TOKEN: secret().optional(),
  /** Where this binary gets its own token, `http://auth:8012/auth/token`, and the secret it shows there. Absent: it calls nobody under its own name. */
  AUTH_TOKEN_URL: url().optional(),
  AUTH_CLIENT_SECRET: secret().optional(),
  LOG_LEVEL: logLevel().default("info"),
  OTEL_EXPORTER_OTLP_ENDPOINT: url().optional(),
  /** Hundredths of a percent of new traces that are recorded. */
  OTEL_SAMPLE_BASIS_POINTS: integer({ min: 0, max: 10_000 }).default(10_000),
  /** From "not ready" to the first drain: what endpoints need to forget the pod. 0 on a laptop, 5000 in Kubernetes. */
  DRAIN_DELAY_MS: durationMs({ max: 60_000 }).default(0),
  SHUTDOWN_TIMEOUT_MS: durationMs({ min: 1_000, max: 300_000 }).default(25_000),
  /** Names this replica in leases; the pod's name in Kubernetes. */
  HOSTNAME: z.string().optional(),
});

/** What the binaries of a context read. A service extends it with its own keys. */
export const platformConfig = binaryConfig.extend({
  DATABASE_URL: databaseUrl(),
  /** Connections of this binary, 1 to 100. */
  DATABASE_MAX_CONNECTIONS: integer({ min: 1, max: 100 }).default(10),
  /** How far this binary's sessions yield to others in the server. Only where Postgres runs on this machine, as under `npm start`. */
  DATABASE_SESSION_NICE: integer({ min: 1, max: 19 }).optional(),
});

/** What listens to callers. */
const listenerConfig = {
  HTTP_PORT: port({ zero: true }),
  GRPC_PORT: port({ zero: true }),
  AUTH_ISSUER: z.string().min(1),
  AUTH_AUDIENCE: z.string().min(1),
  AUTH_JWKS_URL: url(),
  /** Proxies in front whose `X-Forwarded-For` is believed: the client's address is counted so many from the right. */
  TRUSTED_PROXIES: integer({ min: 0, max: 10 }).default(0),
};

const rate = () => integer({ min: 1, max: 1_000_000, unit: "calls per second" });

export const apiConfig = platformConfig.extend({
  ...listenerConfig,
  /** App ids of gateways, with commas: they have limited anonymous callers by address, which here all have the sidecar's. */
  TRUSTED_DOORS: z
    .string()
    .default(gatewayEntry.apiAppId)
    .transform((names) => names.split(",").map((name) => name.trim())),
  /** Per user and second; so many again and once more after a pause. Per process. */
  RATE_READ_PER_SECOND: rate().default(defaultRateLimits.read.perSecond),
  RATE_WRITE_PER_SECOND: rate().default(defaultRateLimits.write.perSecond),
  /** Per address, for callers without a token that come past the gateway. */
  RATE_ANONYMOUS_PER_SECOND: rate().default(defaultRateLimits.anonymous.perSecond),
});

/** The gateway reads this, extended: it has no database. */
export const gatewayConfig = binaryConfig.extend(listenerConfig);

export const workerConfig = platformConfig.extend({
  /** Where the sidecar reaches the worker; 5005 in Kubernetes. */
  APP_PORT: port({ zero: true }).default(5005),
  APP_API_TOKEN: secret().optional(),
  /** How long the events of a relay that died are left alone: longer than a publish takes, and a pause of the process. */
  RELAY_LEASE_MS: durationMs({ min: 200, max: 3_600_000 }).default(10_000),
  /** How long runs of cron jobs stay in the history. */
  JOB_HISTORY_RETAIN_MS: durationMs({ min: 3_600_000 }).default(30 * 86_400_000),
  /** How long the sidecar may take to come up before the worker gives up. A full machine takes minutes to start all at once, and restarts would make it fuller. */
  SIDECAR_WAIT_MS: durationMs({ min: 1_000, max: 3_600_000 }).default(30_000),
  /** Probes and metrics. */
  OPS_PORT: port({ zero: true }).default(8081),
});

export type BinaryConfig = z.output<typeof binaryConfig>;
export type GatewayConfig = z.output<typeof gatewayConfig>;
export type PlatformConfig = z.output<typeof platformConfig>;
export type ApiConfig = z.output<typeof apiConfig>;
export type WorkerConfig = z.output<typeof workerConfig>;
