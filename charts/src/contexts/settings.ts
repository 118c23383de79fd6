import { localSettings } from "@tandem/cli/local-settings";
import type { Environment } from "../environments/index.ts";
import type { Platform } from "../platform.ts";
import { secretCatalogue } from "../secrets/secret-catalogue.ts";
import type { Binary } from "./binary.ts";
import { sidecarPorts } from "./binary.ts";

type Settings = Readonly<Record<string, string>>;

const AUTH_URL = "http://auth:8012";
const AUDIENCE = "tandem";

const portSettings = ({ component, ports }: Binary): Settings =>
  component === "worker"
    ? { APP_PORT: String(ports["app"]), OPS_PORT: String(ports["ops"]) }
    : {
        HTTP_PORT: String(ports["http"]),
        GRPC_PORT: String(ports["grpc"]),
        ...(ports["ops"] === undefined ? {} : { OPS_PORT: String(ports["ops"]) }),
      };

/** What a context or the gateway gets besides what all get. */
const ownSettings = (context: string, environment: Environment): Settings => {
  const { mail, search, publicUrl, proxies } = environment;
  const settings: Readonly<Record<string, Settings>> = {
    gateway: { TRUSTED_PROXIES: String(proxies) },
    auth: { AUTH_BOOTSTRAP_EMAIL: "operator@tandem.example" },
    notification: {
      NOTIFICATION_PUBLIC_URL: publicUrl,
      ...(mail.kind === "inbox"
        ? { SMTP_URL: `smtp://${mail.host}:1025`, SMS_URL: `http://${mail.host}:8025/api/sms` }
        : { MAIL_FROM_ADDRESS: mail.from, ...(mail.smsUrl === undefined ? {} : { SMS_URL: mail.smsUrl }) }),
    },
    search: search.engine === "postgres" ? {} : { SEARCH_ENGINE: search.engine, SEARCH_ENGINE_URL: search.url },
  };
  const relaxed: Readonly<Record<string, Settings | undefined>> = localSettings;
  return { ...settings[context], ...(environment.laptopSettings ? relaxed[context] : {}) };
};

/** The environment variables of a binary that are no secrets: its ConfigMap. */
export const settingsOf = (binary: Binary, platform: Platform, environment: Environment): Settings => {
  const { drainDelayMs, shutdownTimeoutMs } = binary.shutdown;
  const isGateway = binary.context === platform.gateway.context;
  const settings: Settings = {
    LOG_LEVEL: environment.logLevel,
    ...portSettings(binary),
    DAPR_HTTP_PORT: String(sidecarPorts.http),
    DAPR_GRPC_PORT: String(sidecarPorts.grpc),
    DRAIN_DELAY_MS: String(drainDelayMs),
    SHUTDOWN_TIMEOUT_MS: String(shutdownTimeoutMs),
    AUTH_TOKEN_URL: `${AUTH_URL}/auth/token`,
    ...(binary.component === "worker"
      ? { SIDECAR_WAIT_MS: String(environment.startupSeconds * 1_000) }
      : {
          AUTH_ISSUER: environment.issuer,
          AUTH_AUDIENCE: AUDIENCE,
          AUTH_JWKS_URL: `${AUTH_URL}/.well-known/jwks.json`,
        }),
    ...(isGateway ? {} : { DATABASE_MAX_CONNECTIONS: String(environment.databaseConnections) }),
    ...(environment.otlpEndpoint === undefined
      ? {}
      : {
          OTEL_EXPORTER_OTLP_ENDPOINT: environment.otlpEndpoint,
          OTEL_SAMPLE_BASIS_POINTS: String(environment.traceSampleBasisPoints),
        }),
    ...ownSettings(binary.context, environment),
  };
  // What is secret in any of them stands in no ConfigMap, whatever a laptop does with it.
  const secretKeys = new Set(secretCatalogue(platform, environment).flatMap(({ keys }) => keys.map(({ key }) => key)));
  return Object.fromEntries(
    Object.entries(settings)
      .filter(([key]) => !secretKeys.has(key))
      .sort(),
  );
};
