import { jobsMigrations } from "@tandem/jobs";
import { messagingMigrations } from "@tandem/messaging";
import { type MigrationSet, postgresMigrations, runMigrateCli } from "@tandem/postgres";
import { rpcMigrations } from "@tandem/rpc";
import { databaseUrl, type Env, loadConfig } from "@tandem/runtime";
import { z } from "zod";

export interface MigrationSetsOptions {
  readonly context: string;
  /** The service's own `migrations/`. */
  readonly dir: string;
  /** Of packages that only some services use: sagas. */
  readonly also?: readonly MigrationSet[];
}

/** All migration sets of a context's database, the platform's first. */
export const migrationSets = ({ context, dir, also = [] }: MigrationSetsOptions): readonly MigrationSet[] => [
  postgresMigrations,
  messagingMigrations,
  jobsMigrations,
  rpcMigrations,
  ...also,
  { name: context, dir },
];

/**
 * The migration binary: `up`, `down`, `status` against `DATABASE_URL`.
 * @returns the exit code
 * @throws ConfigError
 */
export const runMigrate = (sets: readonly MigrationSet[], env: Env, argv: readonly string[]): Promise<number> =>
  runMigrateCli(argv, { url: loadConfig(z.object({ DATABASE_URL: databaseUrl() }), env).DATABASE_URL, sets });
