import { AppError } from "@tandem/kernel";
import type { MigrationFile } from "./migration-files.ts";

export interface AppliedMigration {
  readonly set: string;
  readonly version: number;
  readonly name: string;
  readonly checksum: string;
  readonly appliedAt: Date;
}

export interface MigrationStatus {
  readonly set: string;
  readonly version: number;
  readonly name: string;
  /**
   * `edited`: the file changed after it was applied. `missing`: applied by somebody who had a file that is not here
   * (older code on a newer database).
   */
  readonly state: "applied" | "pending" | "edited" | "missing";
  readonly appliedAt?: Date;
}

type Target = { readonly set: string; readonly version: number } | undefined;

const refuse = (code: string, message: string) => new AppError("failed_precondition", `migration.${code}`, message);
const keyOf = ({ set, version }: { set: string; version: number }) => `${set}/${version}`;
const labelOf = ({ set, file }: MigrationFile) => `${set}/${file}`;

/** What is to be applied, after checking that files and history tell the same story. */
export const planUp = (
  files: readonly MigrationFile[],
  applied: readonly AppliedMigration[],
  to: Target,
): MigrationFile[] => {
  const history = new Map(applied.map((row) => [keyOf(row), row]));
  if (to && !files.some((file) => keyOf(file) === keyOf(to)))
    throw refuse("unknown_version", `${keyOf(to)} does not exist`);
  const highest = new Map<string, number>();
  const known = new Map<string, number>();
  for (const row of applied) highest.set(row.set, Math.max(row.version, highest.get(row.set) ?? 0));
  for (const file of files) known.set(file.set, Math.max(file.version, known.get(file.set) ?? 0));
  for (const row of applied) {
    const newest = known.get(row.set);
    // Newer than anything here is fine: the image before this one, in a rollback. A hole in the middle is not.
    if (newest !== undefined && row.version < newest && !files.some((file) => keyOf(file) === keyOf(row)))
      throw refuse("missing", `${keyOf(row)} (${row.name}) was applied, and its file is gone`);
  }
  const pending: MigrationFile[] = [];
  for (const file of files) {
    const row = history.get(keyOf(file));
    if (row) {
      if (row.checksum !== file.checksum)
        throw refuse("edited", `${labelOf(file)} was changed after it was applied: write a new migration instead`);
      continue;
    }
    if (file.version < (highest.get(file.set) ?? 0))
      throw refuse("out_of_order", `${labelOf(file)} is older than what was applied last: give it a new number`);
    if (!to || file.set !== to.set || file.version <= to.version) pending.push(file);
  }
  return pending;
};

/** What is to be undone, newest first: everything of the set above `to`, or the one that was applied last. */
export const planDown = (
  files: readonly MigrationFile[],
  applied: readonly AppliedMigration[],
  to: Target,
): MigrationFile[] => {
  const newestFirst = [...applied].reverse();
  const rows = to
    ? newestFirst.filter((row) => row.set === to.set && row.version > to.version)
    : newestFirst.filter((row) => files.some((file) => file.set === row.set)).slice(0, 1);
  return rows.map((row) => {
    const file = files.find((candidate) => keyOf(candidate) === keyOf(row));
    if (!file) throw refuse("missing", `${keyOf(row)} (${row.name}) was applied, and its file is gone`);
    if (file.down === undefined) throw refuse("irreversible", `${labelOf(file)} has no down script`);
    return file;
  });
};

export const statusOf = (files: readonly MigrationFile[], applied: readonly AppliedMigration[]): MigrationStatus[] => {
  const history = new Map(applied.map((row) => [keyOf(row), row]));
  const here = files.map(({ set, version, name, checksum }): MigrationStatus => {
    const row = history.get(keyOf({ set, version }));
    if (!row) return { set, version, name, state: "pending" };
    return { set, version, name, state: row.checksum === checksum ? "applied" : "edited", appliedAt: row.appliedAt };
  });
  const missing = applied
    .filter((row) => !files.some((file) => keyOf(file) === keyOf(row)))
    .map(({ set, version, name, appliedAt }): MigrationStatus => ({ set, version, name, state: "missing", appliedAt }));
  return [...here, ...missing];
};
