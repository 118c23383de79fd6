import type { Setting } from "./component-document.ts";

/** What differs between a laptop and a cluster, and between clusters. */
export interface ComponentEnvironment {
  /** Dapr's namespace: part of the name of its internal topics. `NAMESPACE` of the sidecar, "default" when it has none. */
  readonly namespace: string;
  /** Of the lock store, and of pub/sub without `kafka`. */
  readonly redisHost: Setting;
  readonly redisPassword?: Setting;
  readonly redisTls?: boolean;
  /** Carries the events instead of Redis. */
  readonly kafka?: KafkaSettings;
  /** Postgres of the state store. */
  readonly stateUrl: Setting;
  /** File of the name resolution, for sidecars on one machine. Absent: Dapr's default for the platform. */
  readonly namesFile?: string;
  /** Share of traces in which the sidecar adds spans of its own: 0 to 1, default 0. */
  readonly samplingRate?: number;
  /** Where the sidecar's spans go, `host:port` of OTLP over HTTP. Absent: nowhere. */
  readonly otlpAddress?: string;
  /** A cluster: objects in the namespace, a Configuration for each app id, everything denied that nobody needs. */
  readonly kubernetes?: boolean;
}

export interface KafkaSettings {
  readonly brokers: Setting;
  readonly username: Setting;
  readonly password: Setting;
}

/** daprd beside a Redis-protocol broker and Postgres; where they are, the environment of daprd says. */
export const localEnvironment: ComponentEnvironment = {
  namespace: "default",
  redisHost: { envRef: "TANDEM_REDIS_HOST" },
  stateUrl: { envRef: "TANDEM_STATE_URL" },
  namesFile: ".tandem/dapr-names.db",
};

/** A daprd in each container of compose.yaml: what is secret comes from its environment, and a file on a volume that all see knows their addresses. */
export const composeEnvironment: ComponentEnvironment = {
  namespace: "default",
  redisHost: { envRef: "TANDEM_REDIS_HOST" },
  redisPassword: { envRef: "TANDEM_REDIS_PASSWORD" },
  stateUrl: { envRef: "TANDEM_STATE_URL" },
  namesFile: "/names/names.db",
};

const secret = (name: string, key: string): Setting => ({ secretKeyRef: { name, key } });

const cluster = {
  namespace: "tandem",
  kubernetes: true,
  redisHost: secret("redis", "host"),
  redisPassword: secret("redis", "password"),
  stateUrl: secret("statestore", "connectionString"),
} as const satisfies ComponentEnvironment;

const managed = { ...cluster, redisTls: true, otlpAddress: "otel-collector.observability:4318" } as const;

/** By the folder of `components/` that they are rendered to: `kind` is what the charts call `local`. */
export const kubernetesEnvironments = {
  kind: cluster,
  staging: { ...managed, samplingRate: 1 },
  production: {
    ...managed,
    samplingRate: 0.01,
    kafka: {
      brokers: secret("kafka", "brokers"),
      username: secret("kafka", "username"),
      password: secret("kafka", "password"),
    },
  },
} as const satisfies Readonly<Record<string, ComponentEnvironment>>;
