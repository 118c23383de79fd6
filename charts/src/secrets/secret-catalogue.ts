import type { Environment } from "../environments/index.ts";
import type { Platform } from "../platform.ts";
import { SynthError } from "../synth-error.ts";

/**
 * How `npm run k8s:secrets` makes a value in an environment that generates its secrets. `given` cannot be made: somebody else
 * hands it out.
 */
export type SecretSource =
  | { readonly kind: "random-hex"; readonly bytes: number }
  /** `postgres://<user>:<password>@<postgres>/<database>`; one password per user, wherever the URL is. */
  | { readonly kind: "database-url"; readonly user: string; readonly database: string }
  | { readonly kind: "admin-database-url" }
  /** What the app shows to auth: the same text wherever this app id stands. */
  | { readonly kind: "client-secret"; readonly appId: string }
  /** `{"<app id>":["<sha256 of its client secret, hex>"],...}` */
  | { readonly kind: "client-hashes"; readonly appIds: readonly string[] }
  /** Of the broker or the state store; `charts/src/stores` says where they are. */
  | {
      readonly kind: "store";
      readonly value: "redis-host" | "redis-password" | "postgres-password" | "state-password" | "state-connection";
    }
  | { readonly kind: "given"; readonly by: string };

export interface SecretKey {
  /** Also the name of the environment variable, where a binary reads it. */
  readonly key: string;
  readonly source: SecretSource;
  /** Keys that share a text have the same value in several secrets (the key that API and worker of auth both need). */
  readonly sharedAs?: string;
}

/** One Secret. Nothing of it stands in the repository. */
export interface SecretEntry {
  readonly name: string;
  readonly namespace: string;
  readonly keys: readonly SecretKey[];
}

const random = (bytes: number): SecretSource => ({ kind: "random-hex", bytes });

const authKey: SecretKey = {
  key: "AUTH_KEY_ENCRYPTION_KEY",
  source: random(32),
  sharedAs: "auth-key-encryption-key",
};
const unsubscribe: SecretKey = { key: "UNSUBSCRIBE_SECRET", source: random(32), sharedAs: "unsubscribe-secret" };
const searchKey: SecretKey = {
  key: "SEARCH_ENGINE_AUTHORIZATION",
  source: { kind: "given", by: "the search engine" },
  sharedAs: "search-engine-authorization",
};

/** What single binaries need besides a database and a name. */
const ownKeys = (
  appId: string,
  { mail, search, laptopSettings }: Environment,
  appIds: readonly string[],
): readonly SecretKey[] => {
  const provider = mail.kind === "provider";
  const engine = search.engine === "elasticsearch" ? [searchKey] : [];
  const keys: Readonly<Record<string, readonly SecretKey[]>> = {
    auth: [
      authKey,
      { key: "AUTH_SERVICE_CLIENTS", source: { kind: "client-hashes", appIds } },
      { key: "AUTH_BOOTSTRAP_PASSWORD", source: random(16) },
    ],
    "auth-worker": [authKey],
    notification: [unsubscribe],
    "notification-worker": [
      unsubscribe,
      ...(provider ? [{ key: "SMTP_URL", source: { kind: "given", by: "the mail provider" } } as const] : []),
      ...(provider && mail.smsUrl !== undefined
        ? [{ key: "SMS_TOKEN", source: { kind: "given", by: "the provider of text messages" } } as const]
        : []),
    ],
    payment: laptopSettings
      ? []
      : [{ key: "PROVIDER_WEBHOOK_SECRET", source: { kind: "given", by: "the card provider" } }],
    shipping: laptopSettings ? [] : [{ key: "CARRIER_WEBHOOK_SECRET", source: { kind: "given", by: "the carriers" } }],
    search: engine,
    "search-worker": engine,
  };
  return keys[appId] ?? [];
};

/** Every secret of an environment: what charts may refer to. @throws SynthError for one that the environment has no source of */
export const secretCatalogue = (
  { contexts, gateway }: Pick<Platform, "contexts" | "gateway">,
  environment: Environment,
): readonly SecretEntry[] => {
  const { namespace } = environment;
  const appIds = [...contexts.flatMap(({ apiAppId, workerAppId }) => [apiAppId, workerAppId]), gateway.apiAppId];
  const clientSecret = (appId: string): SecretKey => ({
    key: "AUTH_CLIENT_SECRET",
    source: { kind: "client-secret", appId },
  });
  const ofContexts = contexts.flatMap(({ context, apiAppId, workerAppId, database, databaseUser }) => {
    const url: SecretKey = {
      key: "DATABASE_URL",
      source: { kind: "database-url", user: databaseUser, database },
      sharedAs: `${databaseUser}-url`,
    };
    const admin: SecretKey = {
      key: "ADMIN_DATABASE_URL",
      source: { kind: "admin-database-url" },
      sharedAs: "admin-url",
    };
    return [
      ...[apiAppId, workerAppId].map((appId) => ({
        name: appId,
        namespace,
        keys: [url, clientSecret(appId), ...ownKeys(appId, environment, appIds)],
      })),
      { name: `${context}-migrate`, namespace, keys: [url, ...(environment.provisionDatabases ? [admin] : [])] },
    ];
  });
  const entries: readonly SecretEntry[] = [
    ...ofContexts,
    { name: gateway.apiAppId, namespace, keys: [clientSecret(gateway.apiAppId)] },
    { name: "dapr-api-token", namespace, keys: [{ key: "token", source: random(32) }] },
    { name: "app-api-token", namespace, keys: [{ key: "token", source: random(32) }] },
    ...storeSecrets(environment),
  ];
  if (environment.secrets.kind === "generated") {
    for (const { name, keys } of entries) {
      const given = keys.find(({ source }) => source.kind === "given");
      if (given) {
        throw new SynthError(
          `${environment.name} has no source of ${given.key} in the secret ${name}: it generates its secrets, and this one is given`,
        );
      }
    }
  }
  return entries;
};

const stored = (key: string, value: Extract<SecretSource, { kind: "store" }>["value"], shared?: string): SecretKey => ({
  key,
  source: { kind: "store", value },
  ...(shared === undefined ? {} : { sharedAs: shared }),
});

const storeSecrets = ({ namespace, broker, name }: Environment): readonly SecretEntry[] => [
  {
    name: "redis",
    namespace,
    keys: [stored("host", "redis-host"), stored("password", "redis-password", "redis-password")],
  },
  { name: "statestore", namespace, keys: [stored("connectionString", "state-connection")] },
  ...(broker.kind === "kafka"
    ? [
        {
          name: "kafka",
          namespace,
          keys: ["brokers", "username", "password"].map(
            (key) => ({ key, source: { kind: "given", by: "the broker" } }) as const,
          ),
        },
      ]
    : []),
  ...(name === "local"
    ? [
        {
          name: "postgres",
          namespace: "tandem-stores",
          keys: [stored("password", "postgres-password", "postgres-password")],
        },
        { name: "redis", namespace: "tandem-stores", keys: [stored("password", "redis-password", "redis-password")] },
        { name: "statestore", namespace: "tandem-stores", keys: [stored("password", "state-password")] },
      ]
    : []),
];
