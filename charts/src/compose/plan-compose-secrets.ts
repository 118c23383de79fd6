import type { Platform } from "../platform.ts";
import { planSecrets, type SecretValues } from "../secrets/plan-secrets.ts";
import { secretCatalogue } from "../secrets/secret-catalogue.ts";
import { STATE_DATABASE } from "../stores/postgres.ts";
import { composeEnvironment } from "./render-files.ts";

const { namespace } = composeEnvironment;
const ADDRESSES = { redis: "redis:6379", postgres: "postgres:5432", stateDatabase: STATE_DATABASE };

/** What a program reads, by file: the secrets of the binaries as they are, those of stores and sidecars under the names of their variables. Pure. */
export const envFilesOf = (values: SecretValues): Readonly<Record<string, Readonly<Record<string, string>>>> => {
  const of = (secret: string) => values[secret] ?? {};
  const ours = Object.entries(values).filter(
    ([path, keys]) => path.startsWith(`${namespace}/`) && Object.keys(keys).every((key) => /^[A-Z_]+$/.test(key)),
  );
  const redisPassword = of("tandem-stores/redis")["password"] ?? "";
  const daprToken = of(`${namespace}/dapr-api-token`)["token"] ?? "";
  const appToken = of(`${namespace}/app-api-token`)["token"] ?? "";
  const postgresPassword = of("tandem-stores/postgres")["password"] ?? "";
  return {
    ...Object.fromEntries(ours.map(([path, keys]) => [path.slice(namespace.length + 1), keys])),
    "dapr-api-token": { DAPR_API_TOKEN: daprToken },
    "app-api-token": { APP_API_TOKEN: appToken },
    sidecar: {
      DAPR_API_TOKEN: daprToken,
      APP_API_TOKEN: appToken,
      TANDEM_REDIS_HOST: of(`${namespace}/redis`)["host"] ?? "",
      TANDEM_REDIS_PASSWORD: redisPassword,
      TANDEM_STATE_URL: of(`${namespace}/statestore`)["connectionString"] ?? "",
    },
    postgres: { POSTGRES_PASSWORD: postgresPassword },
    "postgres-state": {
      PGPASSWORD: postgresPassword,
      STATE_PASSWORD: of("tandem-stores/statestore")["password"] ?? "",
    },
    redis: { REDISCLI_AUTH: redisPassword },
  };
};

/** New ones where none are. @throws SynthError when files contradict each other */
export const planComposeSecrets = (platform: Platform, existing: SecretValues): SecretValues =>
  planSecrets({ entries: secretCatalogue(platform, composeEnvironment), existing, addresses: ADDRESSES });
