import type { World } from "../../src/policies/world.ts";

// Manifests are what YAML makes them: a planted mistake may put anything anywhere.
// biome-ignore lint/suspicious/noExplicitAny: as above
export type Anything = any;

/** A mistake, and the rule that must find it. */
export interface Plant {
  readonly rule: string;
  readonly what: string;
  /** What the finding must say. */
  readonly says: string;
  /** Default `local`. */
  readonly in?: "local" | "production";
  readonly change: (object: (kind: string, name: string) => Anything, objects: Anything[]) => void;
}

/** The world with a mistake in it. */
export const planted = (world: World, change: Plant["change"]): World => {
  const copy = { ...world, objects: structuredClone(world.objects), components: structuredClone(world.components) };
  const all = [...copy.objects, ...copy.components];
  change((kind, name) => {
    const found = all.find(({ manifest }) => manifest.kind === kind && manifest.metadata.name === name);
    if (!found) throw new Error(`there is no ${kind} ${name}`);
    return found.manifest;
  }, copy.objects as Anything[]);
  return copy;
};

export const drop = (objects: Anything[], kind: string, name: string): void => {
  const at = objects.findIndex(({ manifest }) => manifest.kind === kind && manifest.metadata.name === name);
  if (at < 0) throw new Error(`there is no ${kind} ${name}`);
  objects.splice(at, 1);
};
export const podOf = (object: Anything): Anything => object.spec.template.spec;
export const containerOf = (object: Anything): Anything => podOf(object).containers[0];
export const annotationsOf = (object: Anything): Anything => object.spec.template.metadata.annotations;
