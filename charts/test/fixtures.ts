import { execFileSync } from "node:child_process";
import { join } from "node:path";
import { type Environment, environments } from "../src/environments/index.ts";
import type { ChartContext, Platform } from "../src/platform.ts";
import type { Manifest } from "../src/scope.ts";
import { synthesize } from "../src/synth.ts";

/** Read from the code, once per test file. */
export const platform = JSON.parse(
  execFileSync(process.execPath, [join(import.meta.dirname, "print-platform.ts")], { encoding: "utf8" }),
) as Platform;

export const allEnvironments: readonly Environment[] = Object.values(environments);

/** A context that no service stands behind: what an entry in the catalogue is enough for. */
export const extraContext: ChartContext = {
  context: "loyalty",
  number: 13,
  apiAppId: "loyalty",
  workerAppId: "loyalty-worker",
  database: "loyalty_db",
  databaseUser: "loyalty_svc",
  dependsOn: [],
};

/** The platform with one context more, and its image in every environment. */
export const withContext = (entry: ChartContext): Platform => ({
  ...platform,
  contexts: [...platform.contexts, entry],
  images: {
    local: { ...platform.images.local, [entry.context]: "dev" },
    staging: { ...platform.images.staging, [entry.context]: "0.1.0" },
    production: { ...platform.images.production, [entry.context]: "0.1.0" },
  },
});

export interface Found {
  readonly path: string;
  readonly manifest: Manifest;
}

const known = new WeakMap<Platform, Map<Environment, readonly Found[]>>();

/** All objects of an environment, with their files. Made once: nobody changes them. */
export const objectsOf = (environment: Environment, of: Platform = platform): readonly Found[] => {
  const made = known.get(of) ?? new Map<Environment, readonly Found[]>();
  known.set(of, made);
  const found =
    made.get(environment) ??
    [...synthesize(of, environment).manifests].flatMap(([path, manifests]) =>
      manifests.map((manifest) => ({ path, manifest })),
    );
  made.set(environment, found);
  return found;
};

export const find = (objects: readonly Found[], kind: string, name: string): Manifest => {
  const found = objects.find(({ manifest }) => manifest.kind === kind && manifest.metadata.name === name);
  if (!found) throw new Error(`there is no ${kind} ${name}`);
  return found.manifest;
};
