import { readFile } from "node:fs/promises";
import { join, resolve } from "node:path";
import type { EnvironmentName } from "./environments/environment.ts";
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

const folder = resolve(import.meta.dirname, "../images");

/** @throws SynthError when there is no such file, or it is no object of texts */
export const readImages = async (environment: EnvironmentName): Promise<ImageVersions> => {
  const file = `charts/images/${environment}.json`;
  const text = await readFile(join(folder, `${environment}.json`), "utf8").catch(() => {
    throw new SynthError(`${file} is missing: it says which images ${environment} runs`);
  });
  return parseImages(text, file);
};

/** @throws SynthError when the text is no JSON object of texts */
export const parseImages = (text: string, file: string): ImageVersions => {
  const parsed = parse(text);
  if (!isVersions(parsed)) throw new SynthError(`${file} must be a JSON object of image names and their versions`);
  return parsed;
};

const parse = (text: string): unknown => {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
};

const isVersions = (value: unknown): value is ImageVersions =>
  typeof value === "object" &&
  value !== null &&
  !Array.isArray(value) &&
  Object.values(value).every((version) => typeof version === "string");

/** The images by name. @throws SynthError for one without a version, and for a version without an image */
export const resolveImages = (
  { contexts, gateway, images }: Pick<Platform, "contexts" | "gateway" | "images">,
  environment: Environment,
): ReadonlyMap<string, Image> => {
  const versions = images[environment.name];
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
