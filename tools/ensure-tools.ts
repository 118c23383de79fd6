import { createHash, randomUUID } from "node:crypto";
import { chmodSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { type FoundTool, findTool, type MissingTool, type ToolName } from "@tandem/toolchain";
import { elapsed, startProgress } from "./progress.ts";
import { type ToolRecipe, toolRecipes } from "./tool-recipes.ts";

export interface EnsureToolsOptions {
  /** Repository root; programs are made in its `.tools`. Default: this checkout. */
  readonly root?: string;
  /** Called once per tool with a line for a person. Default: stderr. */
  readonly say?: (line: string) => void;
  readonly signal?: AbortSignal;
}

const checkout = resolve(import.meta.dirname, "..");

/**
 * Finds each tool, or makes it in `.tools/bin`. What is installed on the machine comes first; what was made here is made
 * anew when its sources in `tools/` have changed. One that cannot be made comes back as missing, with the reason.
 * @throws the signal's reason when interrupted
 */
export const ensureTools = async (
  names: readonly ToolName[],
  options: EnsureToolsOptions = {},
): Promise<readonly (FoundTool | MissingTool)[]> => {
  const results: (FoundTool | MissingTool)[] = [];
  // One after the other: a Go build takes all cores by itself.
  for (const name of names) results.push(await ensureTool(name, options));
  return results;
};

const ensureTool = async (name: ToolName, options: EnsureToolsOptions): Promise<FoundTool | MissingTool> => {
  const { root = checkout, say = (line) => process.stderr.write(`${line}\n`), signal } = options;
  const recipe = toolRecipes[name];
  const binary = join(root, ".tools/bin", recipe.file);
  const stamp = join(root, ".tools/stamps", recipe.file);
  const key = sourcesKey(recipe);

  const found = findTool(name, { root });
  if (found.found && (found.path !== binary || readText(stamp) === key)) {
    say(`${name}: there (${found.version}, ${found.path})`);
    return found;
  }
  const obstacle = await recipe.obstacle();
  if (obstacle !== undefined) {
    if (found.found) {
      say(`${name}: there (${found.version}, ${found.path}), made from older sources; ${obstacle}`);
      return found;
    }
    say(`${name}: missing: ${obstacle}`);
    return { found: false, name, reason: obstacle };
  }

  const progress = startProgress(`${name}: making ${recipe.file}`);
  const began = performance.now();
  const log = join(root, ".tools/log", `${name}.log`);
  const half = join(root, ".tools/tmp", `${recipe.file}.${randomUUID()}`);
  const written: string[] = [];
  for (const file of [binary, stamp, log, half]) mkdirSync(dirname(file), { recursive: true });
  try {
    const onLine = (line: string): void => {
      written.push(line);
      progress.note(line);
    };
    await recipe.make(half, { onLine, ...(signal && { signal }) });
    chmodSync(half, 0o755);
    // Stamp last: whoever dies between the two makes it again, from Go's cache.
    rmSync(stamp, { force: true });
    renameSync(half, binary);
    writeFileSync(stamp, key);
  } catch (error) {
    rmSync(half, { force: true });
    if (signal?.aborted === true) {
      progress.done(
        `${name}: interrupted after ${elapsed(performance.now() - began)}; the next run goes on from there`,
      );
      throw error;
    }
    const reason = `${error instanceof Error ? error.message : String(error)} (all of it: ${log})`;
    progress.done(`${name}: failed after ${elapsed(performance.now() - began)}: ${reason}`);
    return { found: false, name, reason };
  } finally {
    writeFileSync(log, `${written.join("\n")}\n`);
  }
  const made = findTool(name, { root });
  if (made.found)
    progress.done(`${name}: made in ${elapsed(performance.now() - began)} (${made.version}, ${made.path})`);
  else progress.done(`${name}: made, but it does not run: ${made.reason}`);
  return made;
};

const sourcesKey = ({ sources, fingerprint }: ToolRecipe): string => {
  const dir = join(import.meta.dirname, sources);
  const hash = createHash("sha256").update(`${process.platform} ${process.arch}`);
  for (const file of readdirSync(dir).sort()) hash.update(`\0${file}\0`).update(readFileSync(join(dir, file)));
  return hash.update(`\0${fingerprint}`).digest("hex");
};

const readText = (file: string): string | undefined => {
  try {
    return readFileSync(file, "utf8");
  } catch {
    return undefined;
  }
};
