import { loadConfig } from "@tandem/runtime";
import { describe, expect, it } from "vitest";
import type { z } from "zod";
import type { SecretEntry } from "../src/secrets/secret-catalogue.ts";
import { secretCatalogue } from "../src/secrets/secret-catalogue.ts";
import { allEnvironments, type Found, objectsOf, platform } from "./fixtures.ts";

type Schema = z.ZodObject;

/** The schema of the environment variables, as the service itself has it. */
const schemaOf = async (context: string, component: "api" | "worker"): Promise<Schema> => {
  const module = (await import(`../../services/${context}/src/config/config.ts`)) as Readonly<Record<string, unknown>>;
  const suffix = context === "gateway" ? "Config" : component === "api" ? "ApiConfig" : "WorkerConfig";
  const [, schema] = Object.entries(module).find(([name]) => name.endsWith(suffix)) ?? [];
  if (!schema) throw new Error(`${context} has no ${suffix}`);
  return schema as Schema;
};

/** Well-formed, and of nobody. */
const dummyOf = ({ key, source }: SecretEntry["keys"][number]): string => {
  switch (source.kind) {
    case "random-hex":
      return "0".repeat(2 * source.bytes);
    case "database-url":
      return `postgres://${source.user}:nothing@127.0.0.1:1/${source.database}`;
    case "client-hashes":
      return JSON.stringify(Object.fromEntries(source.appIds.map((appId) => [appId, ["0".repeat(64)]])));
    default:
      return key.endsWith("_URL") ? "smtps://user:password@mail.example:465" : "a secret of nobody at all";
  }
};

interface Container {
  readonly name: "api" | "worker";
  readonly env: readonly {
    readonly name: string;
    readonly valueFrom: { readonly secretKeyRef: { readonly name: string; readonly key: string } };
  }[];
  readonly envFrom: readonly { readonly configMapRef: { readonly name: string } }[];
}

/** What the kubelet would give the container. */
const environmentOf = (objects: readonly Found[], container: Container, secrets: readonly SecretEntry[]) => {
  const settings = container.envFrom.map(
    ({ configMapRef }) =>
      objects.find(({ manifest }) => manifest.kind === "ConfigMap" && manifest.metadata.name === configMapRef.name)
        ?.manifest["data"] as Record<string, string>,
  );
  const fromSecrets = container.env.map(({ name, valueFrom: { secretKeyRef } }) => {
    const key = secrets
      .find((entry) => entry.name === secretKeyRef.name)
      ?.keys.find((candidate) => candidate.key === secretKeyRef.key);
    if (!key) throw new Error(`no secret has ${secretKeyRef.name}/${secretKeyRef.key}`);
    return [name, dummyOf(key)] as const;
  });
  return {
    settings: Object.assign({}, ...settings) as Record<string, string>,
    secrets: Object.fromEntries(fromSecrets),
  };
};

describe.each(allEnvironments)("in $name", (environment) => {
  const objects = objectsOf(environment);
  const secrets = secretCatalogue(platform, environment);
  const deployments = objects
    .map(({ manifest }) => manifest)
    .filter(({ kind, metadata }) => kind === "Deployment" && metadata.namespace === environment.namespace)
    .map((manifest) => ({
      name: manifest.metadata.name,
      context: manifest.metadata.labels?.["tandem.dev/context"] ?? "",
      container: manifest["spec"].template.spec.containers[0] as Container,
    }));

  it.each(deployments)(
    "$name starts with the settings and secrets that it is given",
    async ({ context, container }) => {
      const schema = await schemaOf(context, container.name);
      const env = environmentOf(objects, container, secrets);
      const config = loadConfig(schema, { ...env.settings, ...env.secrets }) as Record<string, unknown>;
      expect(config["DAPR_HTTP_PORT"]).toBe(3500);
    },
  );

  it.each(deployments)("$name is given no variable that nobody reads", async ({ context, container }) => {
    const own = await schemaOf(context, container.name);
    const other = await schemaOf(context, container.name === "api" ? "worker" : "api");
    const env = environmentOf(objects, container, secrets);
    // What both binaries of a context are told, one of them may have no use for; a secret must have a reader.
    const known = [...Object.keys(own.shape), ...Object.keys(other.shape)];
    expect(Object.keys(env.settings).filter((key) => !known.includes(key))).toEqual([]);
    expect(Object.keys(env.secrets).filter((key) => !(key in own.shape))).toEqual([]);
  });
});
