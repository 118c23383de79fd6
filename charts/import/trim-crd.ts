import type { CrdSource } from "./sources.ts";

/** The part of an OpenAPI schema that is walked here. */
export interface Schema {
  properties?: Record<string, Schema>;
  required?: string[];
  items?: Schema;
  [further: string]: unknown;
}

interface CrdVersion {
  readonly name: string;
  readonly schema: { readonly openAPIV3Schema: Schema };
}

export interface Crd {
  readonly metadata: { readonly name: string };
  readonly spec: {
    readonly group: string;
    readonly names: { readonly kind: string };
    readonly versions: readonly CrdVersion[];
  };
}

const child = (schema: Schema, name: string): Schema | undefined => {
  const holder = schema.items ?? schema;
  return holder.properties?.[name];
};

const walk = (schema: Schema, path: readonly string[], what: string): Schema => {
  let here: Schema | undefined = schema;
  for (const name of path) here = here && child(here, name);
  if (here === undefined) throw new Error(`${what} is not in the CRD: did the new version rename it?`);
  return here;
};

const remove = (parent: Schema, name: string): void => {
  const holder = parent.items ?? parent;
  delete holder.properties?.[name];
  const required = holder.required?.filter((candidate) => candidate !== name);
  if (required !== undefined) holder.required = required;
};

/**
 * Leaves of a CRD what the charts write: the versions and choices that the source names, and no status, which only
 * controllers write.
 * @throws Error for a path that the CRD does not have
 */
export const trimCrd = (crd: Crd, source: CrdSource): Crd => {
  const { kind } = crd.spec.names;
  const trimmed = structuredClone(crd);
  const versions = trimmed.spec.versions.filter(({ name }) => source.versions.includes(name));
  if (versions.length === 0) throw new Error(`${crd.metadata.name} has none of ${source.versions.join(", ")}`);
  for (const { schema } of versions) {
    const root = schema.openAPIV3Schema;
    remove(root, "status");
    for (const path of (source.drop ?? []).filter((candidate) => candidate.startsWith(`${kind}.`))) {
      const names = path.split(".").slice(1);
      walk(root, names, path);
      remove(walk(root, names.slice(0, -1), path), names.at(-1) ?? "");
    }
    for (const [path, kept] of Object.entries(source.keep ?? {})) {
      if (!path.startsWith(`${kind}.`)) continue;
      const choices = walk(root, path.split(".").slice(1), path);
      for (const name of kept) walk(choices, [name], `${path}.${name}`);
      for (const name of Object.keys((choices.items ?? choices).properties ?? {})) {
        if (!kept.includes(name)) remove(choices, name);
      }
    }
  }
  return { ...trimmed, spec: { ...trimmed.spec, versions } };
};
