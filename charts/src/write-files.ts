import { mkdir, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import type { Files } from "./scope.ts";

/** Folders of `k8s/` that belong to the environments: what else stands in `k8s/` is left alone. */
const foldersOf = (environments: readonly string[]): readonly string[] =>
  environments.flatMap((name) => [name, `argocd/${name}`]);

const readFolder = async (root: string, folder: string): Promise<Files> => {
  const entries = await readdir(join(root, folder), { recursive: true, withFileTypes: true }).catch(() => []);
  const paths = entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
  return Object.fromEntries(
    await Promise.all(paths.map(async (path) => [path.slice(root.length + 1), await readFile(path, "utf8")] as const)),
  );
};

const readFiles = async (root: string, environments: readonly string[]): Promise<Files> =>
  Object.assign({}, ...(await Promise.all(foldersOf(environments).map((folder) => readFolder(root, folder)))));

/** What below `root` differs from `files`, one line each: `missing`, `stale` or `changed`, and the path. */
export const compareFiles = async (
  root: string,
  files: Files,
  environments: readonly string[],
): Promise<readonly string[]> => {
  const present = await readFiles(root, environments);
  const paths = [...new Set([...Object.keys(files), ...Object.keys(present)])].sort();
  return paths.flatMap((path) => {
    if (present[path] === files[path]) return [];
    if (present[path] === undefined) return [`missing  ${path}`];
    return [files[path] === undefined ? `stale    ${path}` : `changed  ${path}`];
  });
};

/** Writes what differs and removes what is stale. @returns what it did, as `compareFiles` says it */
export const writeFiles = async (
  root: string,
  files: Files,
  environments: readonly string[],
): Promise<readonly string[]> => {
  const differences = await compareFiles(root, files, environments);
  for (const difference of differences) {
    const path = difference.slice(9);
    const text = files[path];
    if (text === undefined) {
      await rm(join(root, path));
      continue;
    }
    await mkdir(dirname(join(root, path)), { recursive: true });
    await writeFile(join(root, path), text);
  }
  return differences;
};
