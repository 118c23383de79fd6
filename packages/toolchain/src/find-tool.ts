import { execFileSync } from "node:child_process";
import { accessSync, constants, realpathSync, statSync } from "node:fs";
import { homedir } from "node:os";
import { delimiter, join, resolve } from "node:path";
import { parseVersion, type ToolDefinition, type ToolName, toolTable } from "./tool-table.ts";

export interface FoundTool {
  readonly found: true;
  readonly name: ToolName;
  /** Absolute path of the executable. */
  readonly path: string;
  /** `x.y.z`, as the program says it. */
  readonly version: string;
}

export interface MissingTool {
  readonly found: false;
  readonly name: ToolName;
  /** One line for a person: what was looked for, what was refused and why, what to do. */
  readonly reason: string;
}

export interface FindToolOptions {
  /** Repository root; its `.tools/bin` holds what `npm run tools` built. Default: the checkout that this file is in. */
  readonly root?: string;
  /** Default `process.env`: PATH, and `TANDEM_<NAME>_MISSING_REASON` set by `npm test` when a build failed. */
  readonly env?: NodeJS.ProcessEnv;
  /** Default: the user's home. */
  readonly home?: string;
}

export class ToolMissingError extends Error {
  override readonly name = "ToolMissingError";
}

const repositoryRoot = resolve(import.meta.dirname, "../../..");
const seen = new Map<string, string>();

/**
 * Looks for an installed program and then for the one that `npm run tools` built: PATH, the installer's own folder under
 * the home directory, `.tools/bin`. A version that cannot be used is passed over. Synchronous, so that a test file can
 * decide what to skip while it is collected; a version is asked once per file and process (some 50 ms).
 */
export const findTool = (name: ToolName, options: FindToolOptions = {}): FoundTool | MissingTool => {
  const { root = repositoryRoot, env = process.env, home = homedir() } = options;
  const definition = toolTable[name];
  const refusals: string[] = [];
  for (const path of candidates(definition, root, env, home)) {
    const output = versionOutput(path, definition);
    const version = parseVersion(output);
    const refusal = definition.refuse(version);
    if (refusal === undefined) return { found: true, name, path, version: version.join(".") };
    refusals.push(`${path} is ${version.join(".")}: ${refusal}`);
  }
  const known = env[`TANDEM_${name.toUpperCase()}_MISSING_REASON`];
  if (known !== undefined && known !== "") return { found: false, name, reason: known };
  const problem =
    refusals.length > 0 ? refusals.join("; ") : `no ${definition.files.join(" or ")} on PATH or in .tools/bin`;
  return { found: false, name, reason: `${problem} (\`npm run tools\` builds it)` };
};

/** @throws ToolMissingError with the reason of {@link findTool}. */
export const requireTool = (name: ToolName, options: FindToolOptions = {}): FoundTool => {
  const tool = findTool(name, options);
  if (!tool.found) throw new ToolMissingError(tool.reason);
  return tool;
};

function* candidates(
  definition: ToolDefinition,
  root: string,
  env: NodeJS.ProcessEnv,
  home: string,
): Generator<string> {
  const folders = [
    ...(env["PATH"] ?? "").split(delimiter).filter((folder) => folder !== ""),
    ...definition.homeFolders.map((folder) => join(home, folder)),
    join(root, ".tools/bin"),
  ];
  const tried = new Set<string>();
  for (const folder of folders) {
    for (const file of definition.files) {
      const path = resolve(folder, file);
      if (!isExecutable(path)) continue;
      const real = realpathSync(path);
      if (tried.has(real)) continue;
      tried.add(real);
      yield path;
    }
  }
}

const isExecutable = (path: string): boolean => {
  try {
    accessSync(path, constants.X_OK);
    return statSync(path).isFile();
  } catch {
    return false;
  }
};

const versionOutput = (path: string, definition: ToolDefinition): string => {
  const { mtimeMs, size } = statSync(path);
  const key = `${path}:${mtimeMs}:${size}`;
  const before = seen.get(key);
  if (before !== undefined) return before;
  let output = "";
  try {
    // grpcurl answers on stderr, the others on stdout.
    output = execFileSync("/bin/sh", ["-c", '"$0" "$@" 2>&1', path, ...definition.versionArguments], {
      encoding: "utf8",
      timeout: 20_000,
    });
  } catch {
    // A program that cannot say its version (wrong architecture, missing library) counts as version 0.0.0 and is refused.
  }
  seen.set(key, output);
  return output;
};
