import { parseArgs } from "node:util";
import { stringify } from "yaml";
import type { Environment } from "../environments/index.ts";
import { environmentOf } from "../environments/index.ts";
import { type Platform, readPlatform } from "../platform.ts";
import { STATE_DATABASE } from "../stores/postgres.ts";
import { namespaceManifest } from "../stores/store-namespace.ts";
import { SynthError } from "../synth-error.ts";
import { applyObjects, chooseContext, createKubectl, type Kubectl, readSecrets } from "./kubectl.ts";
import { planSecrets, type SecretValues, type StoreAddresses } from "./plan-secrets.ts";
import { secretCatalogue } from "./secret-catalogue.ts";

const help = `npm run k8s:secrets -- --environment local [--context kind-tandem] [--print]

Makes the random secrets of an environment that keeps its own, in the cluster and nowhere else. What is there already stays; what is
missing is added, and what follows from others (connection strings, hashes) is made to agree with them.

  --environment  default: local
  --context      of kubectl; default: the current one. Only those of kind, unless
  --yes          says that another one is meant
  --print        writes new ones as YAML instead, and asks no cluster
`;

const LABELS = { "app.kubernetes.io/part-of": "tandem", "app.kubernetes.io/managed-by": "tandem-secrets" };

const toManifests = (values: SecretValues) =>
  Object.entries(values).map(([path, stringData]) => {
    const [namespace, name] = path.split("/");
    return {
      apiVersion: "v1",
      kind: "Secret",
      metadata: { name, namespace, labels: LABELS },
      type: "Opaque",
      stringData,
    };
  });

const addressesOf = ({ name, broker }: Environment): StoreAddresses => {
  if (broker.kind !== "redis") throw new SynthError(`the broker of ${name} is no store of its own cluster`);
  return { redis: broker.address, postgres: "postgres.tandem-stores:5432", stateDatabase: STATE_DATABASE };
};

/** @throws SynthError when the environment's secrets come from elsewhere */
export const planFor = (platform: Platform, environment: Environment, existing: SecretValues): SecretValues => {
  const { name, secrets } = environment;
  if (secrets.kind !== "generated")
    throw new SynthError(
      `${name} does not generate its secrets: ${secrets.kind === "external" ? `they come from the store ${secrets.store}` : "they are made by hand"}`,
    );
  return planSecrets({
    entries: secretCatalogue(platform, environment),
    existing,
    addresses: addressesOf(environment),
  });
};

/** @returns how many were made, changed and left alone */
export const makeSecrets = async (kubectl: Kubectl, platform: Platform, environment: Environment) => {
  const names = [...new Set(secretCatalogue(platform, environment).map(({ namespace }) => namespace))];
  await applyObjects(kubectl, names.map(namespaceManifest));
  const existing = await readSecrets(kubectl, names);
  const planned = planFor(platform, environment, existing);
  const stale = Object.entries(planned).filter(([path, values]) =>
    Object.entries(values).some(([key, value]) => existing[path]?.[key] !== value),
  );
  if (stale.length > 0) await applyObjects(kubectl, toManifests(Object.fromEntries(stale)));
  const made = stale.filter(([path]) => existing[path] === undefined).length;
  return { made, changed: stale.length - made, kept: Object.keys(planned).length - stale.length };
};

const main = async (): Promise<void> => {
  const { values } = parseArgs({
    options: {
      help: { type: "boolean", short: "h" },
      environment: { type: "string", default: "local" },
      context: { type: "string" },
      print: { type: "boolean" },
      yes: { type: "boolean", default: false },
    },
  });
  if (values.help === true) return void process.stdout.write(help);
  const environment = environmentOf(values.environment);
  const platform = await readPlatform();
  if (values.print === true) {
    const documents = toManifests(planFor(platform, environment, {})).map((manifest) =>
      stringify(manifest, { version: "1.1", lineWidth: 0 }),
    );
    return void process.stdout.write(documents.join("---\n"));
  }
  const context = await chooseContext(createKubectl(), values.context, values.yes);
  const { made, changed, kept } = await makeSecrets(createKubectl(context), platform, environment);
  process.stdout.write(`${context}: ${made} secrets made, ${changed} completed, ${kept} left as they were\n`);
};

if (import.meta.main) {
  try {
    await main();
  } catch (error) {
    process.stderr.write(`k8s:secrets: ${error instanceof Error ? error.message : String(error)}\n`);
    process.exitCode = 1;
  }
}
