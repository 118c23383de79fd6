import { createHash } from "node:crypto";
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { AppError } from "@tandem/kernel";

/** A directory of migrations with a history of its own. Each platform package that owns tables exports one. */
export interface MigrationSet {
  readonly name: string;
  /** Absolute path. */
  readonly dir: string;
}

export interface MigrationFile {
  readonly set: string;
  readonly version: number;
  readonly name: string;
  readonly file: string;
  readonly up: string;
  /** Undefined: cannot be undone. */
  readonly down: string | undefined;
  readonly checksum: string;
}

const FILE_NAME = /^(\d{4})_([a-z0-9_]+)\.(up|down)\.sql$/;
const NO_TRANSACTION = /^--\s*no-transaction\s*$/;

/** True when the first line is `-- no-transaction` (for CREATE INDEX CONCURRENTLY and its kind). */
export const isNoTransaction = (script: string): boolean => NO_TRANSACTION.test(script.split(/\r?\n/, 1)[0] ?? "");

/**
 * The migrations of `set` in ascending order: `NNNN_name.up.sql` with an optional `NNNN_name.down.sql`.
 * @throws AppError invalid_argument `migration.bad_file` for other names, doubled versions and a down without an up
 */
export const readMigrations = async ({ name: set, dir }: MigrationSet): Promise<MigrationFile[]> => {
  const bad = (message: string) => new AppError("invalid_argument", "migration.bad_file", `${set}: ${message}`);
  const scripts = new Map<number, { name: string; up?: string; down?: string }>();
  for (const file of (await readdir(dir)).filter((entry) => entry.endsWith(".sql"))) {
    const match = FILE_NAME.exec(file);
    if (!match) throw bad(`${file} is not named NNNN_name.up.sql or NNNN_name.down.sql`);
    const [, digits = "", name = "", direction] = match;
    const version = Number(digits);
    const entry = scripts.get(version) ?? { name };
    if (entry.name !== name) throw bad(`version ${digits} is both ${entry.name} and ${name}`);
    entry[direction as "up" | "down"] = await readFile(join(dir, file), "utf8");
    scripts.set(version, entry);
  }
  return [...scripts]
    .sort(([a], [b]) => a - b)
    .map(([version, { name, up, down }]) => {
      const file = `${String(version).padStart(4, "0")}_${name}`;
      if (up === undefined) throw bad(`${file} has a down and no up`);
      return { set, version, name, file, up, down, checksum: checksumOf(up) };
    });
};

// A checkout with other line endings is the same migration.
const checksumOf = (script: string): string =>
  createHash("sha256").update(script.replaceAll("\r\n", "\n")).digest("hex").slice(0, 32);
