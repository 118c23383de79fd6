import { chmod, mkdir, readdir, readFile, writeFile } from "node:fs/promises";
import { join, resolve } from "node:path";
import { type Platform, readPlatform } from "../platform.ts";
import { planSecrets, type SecretValues } from "../secrets/plan-secrets.ts";
import { secretCatalogue } from "../secrets/secret-catalogue.ts";
import { STATE_DATABASE } from "../stores/postgres.ts";
import { composeEnvironment } from "./render-files.ts";

const help = `npm run compose:secrets

Makes the random secrets of compose.yaml: one file of environment variables for each binary in .compose/, which git ignores. What is there
already stays; run it again after a context was added. To begin anew, remove .compose/ and the volumes (compose down -v) together.
`;

const { namespace } = composeEnvironment;
const ADDRESSES = { redis: "redis:6379", postgres: "postgres:5432", stateDatabase: STATE_DATABASE };

/** The file of a secret. Those of the stores have names of their own: each has its own variables. */
const fileOf = (secret: string): string => secret.replace("/", ".");

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

const folder = resolve(import.meta.dirname, "../../../.compose");
const STORE = "secrets.json";

const main = async (): Promise<void> => {
  await mkdir(folder, { recursive: true, mode: 0o700 });
  const text = await readFile(join(folder, STORE), "utf8").catch(() => "{}");
  const values = planComposeSecrets(await readPlatform(), JSON.parse(text) as SecretValues);
  await writeSecret(STORE, JSON.stringify(values, null, 1));
  const files = envFilesOf(values);
  for (const [name, variables] of Object.entries(files)) {
    await writeSecret(
      `${fileOf(name)}.env`,
      Object.entries(variables)
        .map(([key, value]) => `${key}=${value}\n`)
        .join(""),
    );
  }
  process.stdout.write(
    `${(await readdir(folder)).length} files in .compose/, ${Object.keys(files).length} of them for compose.yaml\n`,
  );
};

const writeSecret = async (name: string, content: string): Promise<void> => {
  await writeFile(join(folder, name), content, { mode: 0o600 });
  await chmod(join(folder, name), 0o600);
};

if (import.meta.main) {
  if (process.argv.includes("--help") || process.argv.includes("-h")) process.stdout.write(help);
  else await main();
}
