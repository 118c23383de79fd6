import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

interface Manifest {
  readonly name: string;
  readonly dependencies?: Readonly<Record<string, string>>;
}

/**
 * The packages and services that declare each other in a circle, a line per circle. Modules may be free of cycles while
 * their packages are not; then neither package can be built, tested or lifted out without the other.
 */
export const checkPackageGraph = (root: string): string[] => {
  const manifests = ["packages", "services"].flatMap((group) => readManifests(join(root, group)));
  const known = new Map(manifests.map((manifest) => [manifest.name, Object.keys(manifest.dependencies ?? {})]));
  const problems: string[] = [];
  const finished = new Set<string>();
  const visit = (name: string, path: readonly string[]): void => {
    const start = path.indexOf(name);
    if (start >= 0) problems.push(`package-cycle: ${[...path.slice(start), name].join(" -> ")}`);
    if (start >= 0 || finished.has(name)) return;
    for (const dependency of known.get(name) ?? []) visit(dependency, [...path, name]);
    finished.add(name);
  };
  for (const name of known.keys()) visit(name, []);
  return problems;
};

const readManifests = (folder: string): Manifest[] =>
  (existsSync(folder) ? readdirSync(folder) : [])
    .map((name) => join(folder, name, "package.json"))
    .filter((file) => existsSync(file))
    .map((file) => JSON.parse(readFileSync(file, "utf8")) as Manifest);
