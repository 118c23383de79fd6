import { execFileSync } from "node:child_process";
import { resolve } from "node:path";
import { requireTool } from "@tandem/toolchain";
import { parseAllDocuments } from "yaml";

export const repository = resolve(import.meta.dirname, "../..");

interface Call {
  readonly name: string;
  // biome-ignore lint/suspicious/noExplicitAny: each builtin of Tilt has its own arguments
  readonly args: Readonly<Record<string, any>>;
}

export interface KubernetesObject {
  readonly kind: string;
  readonly metadata: { readonly name: string; readonly namespace?: string };
  // biome-ignore lint/suspicious/noExplicitAny: each kind has its own shape
  readonly spec?: any;
  // biome-ignore lint/suspicious/noExplicitAny: of a ConfigMap
  readonly data?: any;
}

export interface TiltResource {
  readonly name: string;
  readonly dependsOn: readonly string[];
  readonly labels: readonly string[];
  readonly objects: readonly KubernetesObject[];
  // biome-ignore lint/suspicious/noExplicitAny: as the Tiltfile gives them
  readonly options: Readonly<Record<string, any>>;
}

export interface Evaluated {
  readonly calls: readonly Call[];
  readonly resources: ReadonlyMap<string, TiltResource>;
  /** Objects that no resource has: Tilt puts them together under "uncategorized". */
  readonly unassigned: readonly string[];
}

const known = new Map<string, Evaluated>();

/** Evaluates the Tiltfile, once for the same settings. @throws Error with what it says when it fails */
export const evaluate = (settings: readonly string[] = [], subcommand = "up"): Evaluated => {
  const key = [subcommand, ...settings].join(" ");
  const earlier = known.get(key);
  if (earlier) return earlier;
  const program = requireTool("tiltfile").path;
  const args = ["--context", "kind-tandem", "--subcommand", subcommand, "Tiltfile", ...settings];
  const output = execFileSync(program, args, { cwd: repository, encoding: "utf8", maxBuffer: 1e9, stdio: "pipe" });
  const calls = JSON.parse(output) as readonly Call[];
  const evaluated = { calls, ...assemble(calls) };
  known.set(key, evaluated);
  return evaluated;
};

const WORKLOADS: ReadonlySet<string> = new Set(["Deployment", "StatefulSet", "DaemonSet", "Job"]);

const fragmentOf = ({ kind, metadata: { name, namespace } }: KubernetesObject): string =>
  [name, kind, ...(namespace === undefined ? [] : [namespace])].join(":").toLowerCase();

const selects = (service: KubernetesObject, workload: KubernetesObject): boolean => {
  const { selector } = service.spec ?? {};
  if (service.kind !== "Service" || !selector || service.metadata.namespace !== workload.metadata.namespace)
    return false;
  const labels = workload.spec.template.metadata.labels ?? {};
  return Object.entries(selector).every(([key, value]) => labels[key] === value);
};

/** As Tilt does it: a resource for each workload, with the Services of its pods, and what k8s_resource adds and makes. */
const assemble = (calls: readonly Call[]): Pick<Evaluated, "resources" | "unassigned"> => {
  const left = new Set(
    calls
      .filter(({ name }) => name === "k8s_yaml")
      .flatMap(({ args }) => parseAllDocuments(args["yaml"].text).map((one) => one.toJS() as KubernetesObject)),
  );
  const found = new Map<string, { objects: KubernetesObject[]; calls: Call["args"][] }>();
  for (const one of [...left].filter(({ kind }) => WORKLOADS.has(kind))) {
    if (found.has(one.metadata.name)) throw new Error(`two workloads are called ${one.metadata.name}`);
    const own = [one, ...[...left].filter((other) => selects(other, one))];
    for (const taken of own) left.delete(taken);
    found.set(one.metadata.name, { objects: own, calls: [] });
  }
  for (const { name, args } of calls) {
    if (name === "local_resource") {
      if (found.has(args["name"])) throw new Error(`two resources are called ${args["name"]}`);
      found.set(args["name"], { objects: [], calls: [args] });
    }
    if (name !== "k8s_resource") continue;
    const resource = args["new_name"] ?? args["workload"];
    if (args["new_name"] !== undefined) found.set(resource, { objects: [], calls: [] });
    const entry = found.get(resource);
    if (!entry) throw new Error(`k8s_resource of ${resource}, which no workload is called`);
    entry.calls.push(args);
    for (const fragment of args["objects"] ?? []) {
      const matching = [...left].filter((one) => fragmentOf(one) === fragment);
      if (matching.length !== 1) throw new Error(`"${fragment}" names ${matching.length} objects that are left`);
      entry.objects.push(...matching);
      for (const taken of matching) left.delete(taken);
    }
  }
  const resources = new Map(
    [...found].map(([name, { objects, calls: all }]) => {
      const options = Object.assign({}, ...all) as Record<string, unknown>;
      const lists = (key: string) => all.flatMap((args) => (args[key] as readonly string[] | undefined) ?? []);
      return [name, { name, objects, options, dependsOn: lists("resource_deps"), labels: lists("labels") }] as const;
    }),
  );
  return { resources, unassigned: [...left].map(fragmentOf) };
};

/** Names in a circle of dependencies, and dependencies that there are not. */
export const findBrokenDependencies = (resources: ReadonlyMap<string, TiltResource>): readonly string[] => {
  const problems: string[] = [];
  const done = new Set<string>();
  const visit = (name: string, path: readonly string[]): void => {
    if (path.includes(name)) problems.push(`a circle: ${[...path, name].join(" -> ")}`);
    if (done.has(name) || path.includes(name)) return;
    const resource = resources.get(name);
    if (!resource) problems.push(`${path.at(-1)} waits for ${name}, which there is not`);
    for (const dependency of resource?.dependsOn ?? []) visit(dependency, [...path, name]);
    done.add(name);
  };
  for (const name of resources.keys()) visit(name, []);
  return problems;
};

/** Everything that a resource waits for, directly or not. */
export const before = (resources: ReadonlyMap<string, TiltResource>, name: string): ReadonlySet<string> => {
  const found = new Set<string>();
  const add = (one: string): void => {
    for (const dependency of resources.get(one)?.dependsOn ?? []) {
      if (found.has(dependency)) continue;
      found.add(dependency);
      add(dependency);
    }
  };
  add(name);
  return found;
};
