import { mkdir, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import type { RenderedFiles } from "@tandem/dapr";
import { parseAllDocuments, stringify } from "yaml";

/** Servers on this machine in place of those that a cluster's secrets name. */
export interface LocalServers {
  readonly redis?: string;
  readonly stateUrl?: string;
  readonly kafka?: { readonly address: string; readonly username: string; readonly password: string };
  /** File through which sidecars without a cluster find each other. */
  readonly namesFile: string;
}

interface Item {
  readonly name: string;
  readonly value?: string;
  readonly secretKeyRef?: { readonly name: string; readonly key: string };
}

interface Resource {
  readonly kind: string;
  readonly spec: { readonly metadata?: readonly Item[] } & Readonly<Record<string, unknown>>;
}

/**
 * The files of a cluster for daprd on this machine: secrets have their values, servers are asked without TLS and Redis without a password,
 * and names are found in a file. Everything else stays as it is.
 */
export const localizeComponents = (files: RenderedFiles, servers: LocalServers): RenderedFiles => {
  const secrets: Readonly<Record<string, string | undefined>> = {
    "redis/host": servers.redis,
    "statestore/connectionString": servers.stateUrl,
    "kafka/brokers": servers.kafka?.address,
    "kafka/username": servers.kafka?.username,
    "kafka/password": servers.kafka?.password,
  };
  const localItem = ({ name, secretKeyRef, value }: Item): readonly Item[] => {
    if (name === "redisPassword" || name === "enableTLS") return [];
    if (name === "disableTls") return [{ name, value: "true" }];
    if (secretKeyRef === undefined) return [{ name, ...(value === undefined ? {} : { value }) }];
    // Port 1: where nobody listens.
    return [{ name, value: secrets[`${secretKeyRef.name}/${secretKeyRef.key}`] ?? "127.0.0.1:1" }];
  };
  const local = (resource: Resource): object => {
    const { kind, spec } = resource;
    if (kind === "Component")
      return { ...resource, spec: { ...spec, metadata: (spec.metadata ?? []).flatMap(localItem) } };
    if (kind !== "Configuration") return resource;
    const configuration = { connectionString: servers.namesFile };
    // Without a cluster the authority knows no Configuration, and signs for the domain of those that have none.
    const accessControl = JSON.parse(
      JSON.stringify(spec["accessControl"] ?? {}).replaceAll('"trustDomain":"tandem"', '"trustDomain":"public"'),
    );
    return {
      ...resource,
      spec: { ...spec, accessControl, nameResolution: { component: "sqlite", version: "v1", configuration } },
    };
  };
  return Object.fromEntries(
    Object.entries(files)
      .filter(([name]) => name !== "kustomization.yaml")
      .map(([name, text]) => [
        name,
        parseAllDocuments(text)
          .map((document) => stringify(local(document.toJS() as Resource)))
          .join("---\n"),
      ]),
  );
};

/** Lays them out for daprd. @returns its `--resources-path`, and the `--config` of an app id */
export const writeLocalized = async (dir: string, files: RenderedFiles) => {
  for (const [name, text] of Object.entries(files)) {
    await mkdir(dirname(join(dir, name)), { recursive: true });
    await writeFile(join(dir, name), text);
  }
  // Of the Configurations beside it daprd would take notice.
  const resourcesDir = join(dir, "resources");
  await mkdir(resourcesDir, { recursive: true });
  for (const [name, text] of Object.entries(files)) {
    if (!name.includes("/")) await writeFile(join(resourcesDir, name), text);
  }
  return { resourcesDir, configFileOf: (appId: string) => join(dir, "configurations", `${appId}.yaml`) };
};
