import { existsSync, globSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";

/** How `actual` differs from `expected`: `missing: a`, `left over: b`, `differs: c`, sorted by file. Empty when all files are equal. */
export const compareFolders = (expected: string, actual: string): string[] => {
  const wanted = new Set(filesIn(expected));
  const there = new Set(filesIn(actual));
  return [...new Set([...wanted, ...there])].sort().flatMap((file) => {
    if (!there.has(file)) return [`${file}: missing`];
    if (!wanted.has(file)) return [`${file}: left over`];
    return readFileSync(join(expected, file)).equals(readFileSync(join(actual, file))) ? [] : [`${file}: differs`];
  });
};

const filesIn = (folder: string): string[] =>
  existsSync(folder) ? globSync("**/*", { cwd: folder }).filter((file) => statSync(join(folder, file)).isFile()) : [];
