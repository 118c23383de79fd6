import { readFile } from "node:fs/promises";
import { resolve } from "node:path";
import type { Environment } from "./environments/index.ts";
import type { Platform } from "./platform.ts";
import { SynthError } from "./synth-error.ts";

/** What `charts/images/<environment>.json` holds: a tag or a digest by image. */
export type ImageVersions = Readonly<Record<string, string>>;

export interface Image {
  /** As a container names it. */
  readonly reference: string;
  /** As a label says it. */
  readonly version: string;
}

const DIGEST = /^sha256:[0-9a-f]{64}$/;
const TAG = /^\w[\w.-]{0,62}$/;

export const imagesFile = (environment: Environment["name"]): string =>
  resolve(import.meta.dirname, `../images/${environment}.json`);

/** @throws SynthError when there is no such file, or it is no object of texts */
export const readImages = async ({ name }: Environment): Promise<ImageVersions> => {
  const file = imagesFile(name);
  const text = await readFile(file, "utf8").catch(() => {
    throw new SynthError(`${file} is missing: it says which images ${name} runs`);
  });
  try {
    const parsed: unknown = JSON.parse(text);
    if (isVersions(parsed)) return parsed;
  } catch {
    // Told below, as every other text that is none.
  }
  throw new SynthError(`${file} must be a JSON object of image names and their versions`);
};

const isVersions = (value: unknown): value is ImageVersions =>
  typeof value === "object" && value !== null && Object.values(value).every((version) => typeof version === "string");

/** The images by name. @throws SynthError for one without a version, and for a version without an image */
export const resolveImages = (
  { contexts, gateway }: Pick<Platform, "contexts" | "gateway">,
  environment: Environment,
  versions: ImageVersions,
): ReadonlyMap<string, Image> => {
  const file = `charts/images/${environment.name}.json`;
  const needed = [...contexts.map(({ context }) => context), gateway.context, ...environment.extraImages];
  for (const name of Object.keys(versions)) {
    if (!needed.includes(name)) throw new SynthError(`${file} names "${name}", which is no context of the catalogue`);
  }
  return new Map(
    needed.map((name) => {
      const version = versions[name];
      if (version === undefined) throw new SynthError(`${file} has no version of the image "${name}"`);
      return [name, toImage(`${environment.registry}/tandem/${name}`, version, `${file}: "${name}"`)];
    }),
  );
};

const toImage = (repository: string, version: string, where: string): Image => {
  if (DIGEST.test(version)) return { reference: `${repository}@${version}`, version: version.slice(7, 19) };
  if (!TAG.test(version)) throw new SynthError(`${where} has neither a tag nor a digest: "${version}"`);
  if (version === "latest") throw new SynthError(`${where} is "latest", which says nothing: name a version`);
  return { reference: `${repository}:${version}`, version };
};
