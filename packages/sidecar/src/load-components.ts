import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { AppError } from "@tandem/kernel";
import { parseAllDocuments } from "yaml";
import { type Resiliency, toResiliency } from "./resiliency.ts";

export interface Component {
  readonly name: string;
  /** `pubsub.redis`: the embedded sidecar looks at the part before the dot only. */
  readonly type: string;
  readonly version: string;
  /** Literal values; references to environment and secrets concern the real component and are left out. */
  readonly metadata: Readonly<Record<string, string>>;
  /** App ids that may load it; empty means all. */
  readonly scopes: readonly string[];
}

export interface LoadedComponents {
  readonly components: readonly Component[];
  readonly resiliency: Resiliency;
}

interface Document {
  readonly kind?: string;
  readonly metadata?: { readonly name?: string };
  readonly scopes?: readonly string[];
  readonly spec?: Record<string, unknown>;
}

const KNOWN = new Set(["pubsub", "state", "lock", "bindings", "configuration", "secretstores"]);

/**
 * Reads the YAML that daprd reads.
 * @throws AppError `sidecar.component_invalid` for what is not YAML, has no name or type, or appears twice
 */
export const loadComponents = async (dir: string): Promise<LoadedComponents> => {
  const files = (await readdir(dir)).filter((name) => /\.ya?ml$/.test(name)).sort();
  const components: Component[] = [];
  const resiliencies: Document[] = [];
  for (const file of files) {
    for (const document of parseAllDocuments(await readFile(join(dir, file), "utf8"))) {
      if (document.errors[0] !== undefined) throw invalid(file, document.errors[0].message);
      const parsed = document.toJS() as Document | null;
      if (parsed?.kind === "Component") components.push(toComponent(file, parsed));
      if (parsed?.kind === "Resiliency") resiliencies.push(parsed);
    }
  }
  const names = components.map(({ name }) => name);
  const twice = names.find((name, index) => names.indexOf(name) !== index);
  if (twice !== undefined) throw invalid(dir, `component ${twice} appears twice`);
  return { components, resiliency: toResiliency(resiliencies) };
};

const toComponent = (file: string, { metadata, scopes = [], spec = {} }: Document): Component => {
  const { type, version = "v1", metadata: items = [] } = spec;
  const name = metadata?.name;
  if (name === undefined || typeof type !== "string") throw invalid(file, "a component without name or type");
  if (!KNOWN.has(type.split(".", 1)[0] ?? "")) throw invalid(file, `${name}: the embedded sidecar has no ${type}`);
  const values = (items as { name: string; value?: unknown }[]).filter((item) => item.value !== undefined);
  return {
    name,
    type,
    version: String(version),
    metadata: Object.fromEntries(values.map((item) => [item.name, String(item.value)])),
    scopes,
  };
};

const invalid = (where: string, problem: string): AppError =>
  new AppError("invalid_argument", "sidecar.component_invalid", `${where}: ${problem}`);

export const kindOf = (component: Component): string => component.type.split(".", 1)[0] ?? "";

/** What a sidecar of this app loads. */
export const visibleTo = (components: readonly Component[], appId: string): readonly Component[] =>
  components.filter(({ scopes }) => scopes.length === 0 || scopes.includes(appId));
