export { createDatabase, type Database, type DatabaseOptions } from "./database.ts";
export { type EnsureDatabaseOptions, ensureDatabase, readDatabaseUrl } from "./ensure-database.ts";
export {
  abortError,
  findPostgresError,
  isConnectionLoss,
  isForeignKeyViolation,
  isSerializationFailure,
  isUniqueViolation,
  type PostgresError,
  toAppError,
} from "./errors.ts";
export { defineKeyset, type KeysetOptions, type KeysetPage, type KeysetRequest, type Page } from "./keyset.ts";
export { createPostgresLeaseStore, type PostgresLeaseStore, postgresMigrations } from "./lease-store.ts";
export { type LintFinding, lintMigrations } from "./lint-migrations.ts";
export { type MigrateOptions, type MigrateResult, migrate, migrationStatus } from "./migrate.ts";
export { type MigrationFile, type MigrationSet, readMigrations } from "./migration-files.ts";
export type { MigrationStatus } from "./migration-plan.ts";
export { niceSession } from "./nice-session.ts";
export type { Orm, Transaction } from "./orm.ts";
export { runWithPrelude, withoutPrelude } from "./prelude.ts";
export { type MigrateCliOptions, runMigrateCli } from "./run-migrate-cli.ts";
export type { SqlClient } from "./sql-client.ts";
export type { Isolation, Transact, TransactOptions } from "./transact.ts";
export { makeUnitOfWork } from "./unit-of-work.ts";
export { updateVersioned } from "./update-versioned.ts";
export { type WaitForDatabaseOptions, waitForDatabase } from "./wait-for-database.ts";
