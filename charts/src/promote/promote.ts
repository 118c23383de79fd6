import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { type EnvironmentName, environmentNames } from "../environments/environment.ts";
import { environmentOf } from "../environments/index.ts";
import { type ImageVersions, parseImages } from "../images.ts";
import type { Platform } from "../platform.ts";
import { synthesize } from "../synth.ts";
import { SynthError } from "../synth-error.ts";
import { writeFiles } from "../write-files.ts";
import { type Change, planPromotion } from "./plan-promotion.ts";

export interface PromoteOptions {
  readonly environment: string;
  /** The name of an environment, or a file of digests as `npm run image -- all --push --output` writes it. */
  readonly from: string;
  readonly services: readonly string[];
  /** Folder of the repository. */
  readonly root: string;
}

export interface Promotion {
  readonly changes: readonly Change[];
  /** What was written below k8s/, as `npm run synth` says it. */
  readonly written: readonly string[];
}

const readOffer = async (from: string, platform: Platform): Promise<ImageVersions> => {
  const name = environmentNames.find((candidate) => candidate === from);
  if (name !== undefined) return platform.images[name];
  const text = await readFile(from, "utf8").catch(() => {
    throw new SynthError(`--from ${from} is neither an environment (${environmentNames.join(", ")}) nor a file`);
  });
  return parseImages(text, from);
};

const imagesNeeded = (platform: Platform, environment: EnvironmentName): readonly string[] => [
  ...platform.contexts.map(({ context }) => context),
  platform.gateway.context,
  ...environmentOf(environment).extraImages,
];

/**
 * Writes `charts/images/<environment>.json` and what k8s/ becomes by it; nothing when the request or the result is wrong.
 * @throws SynthError
 */
export const promote = async (platform: Platform, options: PromoteOptions): Promise<Promotion> => {
  const environment = environmentOf(options.environment);
  const { name } = environment;
  if (options.from === name) throw new SynthError(`--from ${name} is --environment ${name}: nothing would change`);
  const current = platform.images[name];
  const changes = planPromotion({
    environment: name,
    current,
    offered: await readOffer(options.from, platform),
    source: options.from,
    services: options.services,
    needed: imagesNeeded(platform, name),
    known: environmentNames.flatMap((each) => imagesNeeded(platform, each)),
  });
  if (changes.length === 0) return { changes, written: [] };
  const images = { ...current, ...Object.fromEntries(changes.map(({ image, to }) => [image, to])) };
  const { files } = synthesize({ ...platform, images: { ...platform.images, [name]: images } }, environment);
  await writeFile(join(options.root, `charts/images/${name}.json`), `${JSON.stringify(images, null, 2)}\n`);
  return { changes, written: await writeFiles(join(options.root, "k8s"), files, [name]) };
};
