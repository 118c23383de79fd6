import { jobsMigrations } from "@tandem/jobs";
import { messagingMigrations } from "@tandem/messaging";
import { type MigrationSet, postgresMigrations, runMigrateCli } from "@tandem/postgres";
import { rpcMigrations } from "@tandem/rpc";
import { ConfigError, databaseUrl, durationMs, type Env, EXIT_CONFIG, loadConfig } from "@tandem/runtime";
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

const migrateConfig = z.object({
  DATABASE_URL: databaseUrl(),
  /** Of somebody who may create roles and databases: then `up` makes those of DATABASE_URL. Absent where somebody else does that. */
  ADMIN_DATABASE_URL: databaseUrl().optional(),
  /** How long to wait for a server that is not there yet. */
  DATABASE_WAIT_MS: durationMs({ max: 600_000 }).default(60_000),
});

/**
 * The migration binary: `up`, `down`, `status` against `DATABASE_URL`.
 * @returns the exit code
 */
export const runMigrate = async (sets: readonly MigrationSet[], env: Env, argv: readonly string[]): Promise<number> => {
  try {
    const { DATABASE_URL, ADMIN_DATABASE_URL, DATABASE_WAIT_MS } = loadConfig(migrateConfig, env);
    return await runMigrateCli(argv, {
      url: DATABASE_URL,
      adminUrl: ADMIN_DATABASE_URL,
      waitMs: DATABASE_WAIT_MS,
      sets,
    });
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    process.stderr.write(`${error.message}\n`);
    return EXIT_CONFIG;
  }
};
