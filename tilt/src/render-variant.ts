import { mkdir, rm, writeFile } from "node:fs/promises";
import { dirname, join, resolve } from "node:path";
import { parseArgs } from "node:util";
import {
  type Environment,
  environmentOf,
  type Files,
  type Manifest,
  type Platform,
  readPlatform,
  renderManifests,
  synthesize,
} from "@tandem/charts";
import { exitWith } from "./programs.ts";

const repository = resolve(import.meta.dirname, "../..");

/** As in compose.yaml. */
const images = {
  openSearch: "docker.io/opensearchproject/opensearch:3.0.0",
  otelCollector: "docker.io/otel/opentelemetry-collector:0.128.0",
};

const help = `node tools/bootstrap.mjs tilt/src/render-variant.ts --into <folder> [--search opensearch] [--telemetry]

Writes what k8s/local would be with a search engine, or with a collector of traces: the same charts, another environment.
`;

export interface Variant {
  readonly openSearch: boolean;
  readonly telemetry: boolean;
}

/** Path below `into` to content. Pure, but for what the charts read. */
export const renderVariant = (platform: Platform, { openSearch, telemetry }: Variant): Files => {
  const local = environmentOf("local");
  if (local.stores === undefined) throw new TypeError("local has no stores of its own");
  const environment: Environment = {
    ...local,
    ...(openSearch
      ? {
          search: { engine: "elasticsearch", url: "http://opensearch.tandem-stores:9200" },
          // The engine here asks nobody for a password: the one key that nobody could make is left out below.
          secrets: { kind: "manual" },
        }
      : {}),
    ...(telemetry ? { otlpEndpoint: "http://otel-collector.tandem-stores:4318" } : {}),
    stores: {
      ...local.stores,
      ...(openSearch ? { openSearch: { image: images.openSearch } } : {}),
      ...(telemetry ? { otelCollector: { image: images.otelCollector } } : {}),
    },
  };
  const { manifests } = synthesize(platform, environment);
  return Object.fromEntries(
    [...manifests]
      .filter(([path]) => path.startsWith("local/"))
      .map(([path, objects]) => [path.slice("local/".length), renderManifests(objects.map(withoutPassword))]),
  );
};

const withoutPassword = (manifest: Manifest): Manifest => {
  for (const container of manifest["spec"]?.template?.spec?.containers ?? [])
    container.env = container.env?.filter(({ name }: { name: string }) => name !== "SEARCH_ENGINE_AUTHORIZATION");
  return manifest;
};

if (import.meta.main)
  await exitWith(async () => {
    const { values } = parseArgs({
      options: {
        into: { type: "string" },
        search: { type: "string", default: "postgres" },
        telemetry: { type: "boolean", default: false },
        help: { type: "boolean", short: "h" },
      },
    });
    if (values.help === true || values.into === undefined) return void process.stdout.write(help);
    const into = resolve(repository, values.into);
    const variant = { openSearch: values.search === "opensearch", telemetry: values.telemetry };
    const files = renderVariant(await readPlatform(), variant);
    await rm(into, { recursive: true, force: true });
    for (const [path, text] of Object.entries(files)) {
      await mkdir(dirname(join(into, path)), { recursive: true });
      await writeFile(join(into, path), text);
    }
  });
