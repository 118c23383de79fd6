import type { ImageVersions } from "../images.ts";
import { SynthError } from "../synth-error.ts";

export interface Change {
  readonly image: string;
  /** Undefined: it runs there for the first time. */
  readonly from: string | undefined;
  readonly to: string;
}

export interface PromotionRequest {
  readonly environment: string;
  /** What its images are now. */
  readonly current: ImageVersions;
  /** What is offered. */
  readonly offered: ImageVersions;
  /** Where that stands, for messages. */
  readonly source: string;
  /** Only these; empty: all that are offered and needed. */
  readonly services: readonly string[];
  /** The images that the environment needs. */
  readonly needed: readonly string[];
  /** The images that any environment needs: what is offered of these and not needed here is left alone. */
  readonly known: readonly string[];
}

const DIGEST = /^sha256:[0-9a-f]{64}$/;
const RELEASE = /^v?\d+\.\d+\.\d+(-[\w.]+)?$/;

/** A tag that is given to the next build as well says nothing about what runs. */
const moves = (version: string): boolean => !DIGEST.test(version) && !RELEASE.test(version);

const requireKnown = ({ services, offered, needed, known, source, environment }: PromotionRequest): void => {
  const unknown = (name: string, where: string): SynthError =>
    new SynthError(`${where} names "${name}", which ${environment} does not run; it runs ${needed.join(", ")}`);
  for (const name of services) if (!needed.includes(name)) throw unknown(name, "--service");
  for (const name of Object.keys(offered)) if (!known.includes(name)) throw unknown(name, source);
  for (const name of services) {
    if (offered[name] === undefined) throw new SynthError(`${source} has no version of "${name}"`);
  }
};

/**
 * Which images change, and to what.
 * @throws SynthError for a service that the environment does not run, one that is not offered, and a tag that moves
 */
export const planPromotion = (request: PromotionRequest): readonly Change[] => {
  requireKnown(request);
  const { environment, current, offered, source, services, needed } = request;
  const chosen = services.length === 0 ? needed.filter((name) => offered[name] !== undefined) : services;
  if (chosen.length === 0) throw new SynthError(`${source} has no version of anything that ${environment} runs`);
  return chosen.flatMap((image) => {
    const to = offered[image] ?? "";
    if (environment !== "local" && moves(to)) {
      throw new SynthError(
        `${source} has "${to}" for "${image}", a tag that moves: ${environment} takes digests (sha256:...) and releases (1.2.3)`,
      );
    }
    return current[image] === to ? [] : [{ image, from: current[image], to }];
  });
};
