import {
  type ContextName,
  gatewayEntry,
  localPorts,
  type ServiceEntry,
  serviceCatalogue,
  serviceOf,
  sharedPorts,
} from "@tandem/contracts";
import { localSecrets } from "./local-secrets.ts";
import { localSettings } from "./local-settings.ts";

export interface BinaryPlan {
  /** App id, also the name of its log. */
  readonly appId: string;
  readonly context: ContextName | "gateway";
  readonly kind: "api" | "worker";
  readonly env: Readonly<Record<string, string>>;
  /** Every port that it and its sidecar listen on, by what for. */
  readonly ports: Readonly<Record<string, number>>;
}

export interface ContextPlan {
  readonly service: ServiceEntry;
  readonly api: BinaryPlan;
  readonly worker: BinaryPlan;
}

export interface PlanOptions {
  /** Contexts to run, with those that they call. Absent: all. */
  readonly only?: readonly string[] | undefined;
  /** Added to every port. */
  readonly offset: number;
  readonly databaseUrlOf: (service: ServiceEntry) => string;
  readonly logLevel: string;
  /** Where traces go; absent: nowhere. */
  readonly otlpEndpoint?: string | undefined;
  /** From which all others derive. Default: one that everybody knows, for tests. */
  readonly secret?: string | undefined;
}

/**
 * How far workers yield to APIs on a machine that they share, themselves and their sessions in Postgres: a tenth of the processor time where both want it
 * all, and all that the APIs leave.
 */
export const WORKERS_NICE = 10;

const UNSAFE_SECRET = "everybody knows this one";
const AUDIENCE = "tandem";

/** Where auth is, which says who somebody is. */
export const authUrl = (offset: number): string => `http://127.0.0.1:${localPorts(serviceOf("auth"), offset).api.http}`;

/** Where the one door is. */
export const gatewayUrl = (offset: number): string => `http://127.0.0.1:${localPorts(gatewayEntry, offset).api.http}`;

/** How a binary verifies the tokens of others. */
const verifierSettings = (offset: number) => ({
  AUTH_ISSUER: authUrl(offset),
  AUTH_AUDIENCE: AUDIENCE,
  AUTH_JWKS_URL: `${authUrl(offset)}/.well-known/jwks.json`,
});

/** How it gets one of its own. */
const clientSettings = (appId: string, { offset, secret = UNSAFE_SECRET }: Pick<PlanOptions, "offset" | "secret">) => ({
  AUTH_TOKEN_URL: `${authUrl(offset)}/auth/token`,
  AUTH_CLIENT_SECRET: localSecrets(secret).clientSecretOf(appId),
});

/** The contexts asked for and those they call, by number; always with auth, without whose keys nobody is known. @throws TypeError naming the ones there are */
export const contextsToRun = (only: readonly string[] | undefined): readonly ServiceEntry[] => {
  if (only === undefined || only.length === 0) return serviceCatalogue;
  const wanted = new Set<string>();
  const add = (name: string) => {
    const entry = serviceCatalogue.find(({ context }) => context === name);
    if (!entry) {
      throw new TypeError(
        `there is no context "${name}"; there are ${serviceCatalogue.map((one) => one.context).join(", ")}`,
      );
    }
    if (wanted.has(name)) return;
    wanted.add(name);
    for (const dependency of entry.dependsOn) add(dependency);
  };
  for (const name of [...only, "auth"]) add(name);
  return serviceCatalogue.filter(({ context }) => wanted.has(context));
};

/** Who listens where with which environment: the same variables as under `dapr run` and in Kubernetes. Pure. */
export const planPlatform = (options: PlanOptions): readonly ContextPlan[] =>
  contextsToRun(options.only).map((service) => {
    const { api, worker } = localPorts(service, options.offset);
    const common = {
      DATABASE_URL: options.databaseUrlOf(service),
      ...(service.context === "auth" ? localSecrets(options.secret ?? UNSAFE_SECRET).authSettings() : {}),
      LOG_LEVEL: options.logLevel,
      ...localSettings[service.context],
      ...(service.context === "notification" ? inboxSettings(service, options.offset) : {}),
      ...(options.otlpEndpoint ? { OTEL_EXPORTER_OTLP_ENDPOINT: options.otlpEndpoint } : {}),
    };
    return {
      service,
      api: {
        appId: service.apiAppId,
        context: service.context,
        kind: "api",
        ports: { REST: api.http, gRPC: api.grpc, "sidecar HTTP": api.sidecar.http, "sidecar gRPC": api.sidecar.grpc },
        env: {
          ...common,
          HTTP_PORT: String(api.http),
          GRPC_PORT: String(api.grpc),
          DAPR_HTTP_PORT: String(api.sidecar.http),
          DAPR_GRPC_PORT: String(api.sidecar.grpc),
          ...verifierSettings(options.offset),
          ...clientSettings(service.apiAppId, options),
        },
      },
      worker: {
        appId: service.workerAppId,
        context: service.context,
        kind: "worker",
        ports: {
          callback: worker.app,
          operations: worker.ops,
          "sidecar HTTP": worker.sidecar.http,
          "sidecar gRPC": worker.sidecar.grpc,
        },
        env: {
          ...common,
          APP_PORT: String(worker.app),
          OPS_PORT: String(worker.ops),
          DATABASE_SESSION_NICE: String(WORKERS_NICE),
          DAPR_HTTP_PORT: String(worker.sidecar.http),
          DAPR_GRPC_PORT: String(worker.sidecar.grpc),
          ...clientSettings(service.workerAppId, options),
        },
      },
    } satisfies ContextPlan;
  });

/** The door in front of them: its own binary, without database and worker. It runs whatever else runs. Pure. */
export const planGateway = (options: Omit<PlanOptions, "only" | "databaseUrlOf">): BinaryPlan => {
  const { api, worker } = localPorts(gatewayEntry, options.offset);
  return {
    appId: gatewayEntry.apiAppId,
    context: gatewayEntry.context,
    kind: "api",
    ports: {
      REST: api.http,
      gRPC: api.grpc,
      operations: worker.ops,
      "sidecar HTTP": api.sidecar.http,
      "sidecar gRPC": api.sidecar.grpc,
    },
    env: {
      LOG_LEVEL: options.logLevel,
      ...localSettings.gateway,
      ...(options.otlpEndpoint ? { OTEL_EXPORTER_OTLP_ENDPOINT: options.otlpEndpoint } : {}),
      HTTP_PORT: String(api.http),
      GRPC_PORT: String(api.grpc),
      OPS_PORT: String(worker.ops),
      DAPR_HTTP_PORT: String(api.sidecar.http),
      DAPR_GRPC_PORT: String(api.sidecar.grpc),
      UPSTREAM_PORT_OFFSET: String(options.offset),
      ...verifierSettings(options.offset),
      ...clientSettings(gatewayEntry.apiAppId, options),
    },
  };
};

export const postgresPort = (offset: number): number => sharedPorts.postgres + offset;
export const inboxSmtpPort = (offset: number): number => sharedPorts.inboxSmtp + offset;
export const inboxHttpPort = (offset: number): number => sharedPorts.inboxHttp + offset;

/** Mail and text messages end in the local inbox, and the links in them lead back to this platform. */
const inboxSettings = (notification: ServiceEntry, offset: number): Readonly<Record<string, string>> => ({
  SMTP_URL: `smtp://127.0.0.1:${inboxSmtpPort(offset)}`,
  SMS_URL: `http://127.0.0.1:${inboxHttpPort(offset)}/api/sms`,
  NOTIFICATION_PUBLIC_URL: `http://127.0.0.1:${localPorts(notification, offset).api.http}`,
});
