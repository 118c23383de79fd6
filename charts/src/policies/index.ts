import { readdir, readFile } from "node:fs/promises";
import { join, resolve } from "node:path";
import { parseAllDocuments } from "yaml";
import type { Environment } from "../environments/index.ts";
import { resolveImages } from "../images.ts";
import type { Platform } from "../platform.ts";
import type { Manifest } from "../scope.ts";
import { secretCatalogue } from "../secrets/secret-catalogue.ts";
import { synthesize } from "../synth.ts";
import { availabilityPolicies } from "./availability.ts";
import { daprPolicies } from "./dapr.ts";
import { namingPolicies } from "./naming.ts";
import { secrecyPolicies } from "./secrecy.ts";
import { securityPolicies } from "./security.ts";
import type { Located, Policy, World } from "./world.ts";

export const policies: readonly Policy[] = [
  ...availabilityPolicies,
  ...securityPolicies,
  ...secrecyPolicies,
  ...namingPolicies,
  ...daprPolicies,
];

/** What breaks a rule, one line each: `rule: kind name in file: why`. */
export const checkPolicies = (world: World): readonly string[] =>
  policies.flatMap(({ name, check }) =>
    check(world).map(
      ({ at: { path, manifest }, problem }) =>
        `${name}: ${manifest.kind} ${manifest.metadata.name} in ${path}: ${problem}`,
    ),
  );

/** The folder of `components/` that an environment's sidecars load: `local` there is the laptop. */
const componentsFolder = ({ name }: Environment): string =>
  resolve(import.meta.dirname, "../../../components", name === "local" ? "kind" : name);

const readComponents = async (environment: Environment): Promise<readonly Located[]> => {
  const folder = componentsFolder(environment);
  const entries = await readdir(folder, { recursive: true });
  const files = entries.filter((name) => name.endsWith(".yaml") && !name.endsWith("kustomization.yaml")).sort();
  const located = await Promise.all(
    files.map(async (path) =>
      parseAllDocuments(await readFile(join(folder, path), "utf8"))
        .map((document) => document.toJS() as Manifest | null)
        .filter((manifest) => manifest !== null)
        .map((manifest) => ({ path: `components/${path}`, manifest })),
    ),
  );
  return located.flat();
};

/** Everything that the policies of an environment look at. */
export const readWorld = async (platform: Platform, environment: Environment): Promise<World> => ({
  environment,
  objects: [...synthesize(platform, environment).manifests].flatMap(([path, manifests]) =>
    manifests.map((manifest) => ({ path, manifest })),
  ),
  secrets: secretCatalogue(platform, environment),
  images: new Set([...resolveImages(platform, environment).values()].map(({ reference }) => reference)),
  components: await readComponents(environment),
});
