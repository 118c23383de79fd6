import { setTimeout as sleep } from "node:timers/promises";
import { AppError } from "@tandem/kernel";
import type { Logger } from "@tandem/runtime";
import pg from "pg";
import { findPostgresError, toAppError } from "./errors.ts";
import { isNoTransaction, type MigrationFile, type MigrationSet, readMigrations } from "./migration-files.ts";
import { type AppliedMigration, type MigrationStatus, planDown, planUp, statusOf } from "./migration-plan.ts";
import { splitSql } from "./split-sql.ts";

export interface MigrateOptions {
  /** Of a user who may create schemas in the database. */
  readonly url: string;
  /** In the order in which they build on each other: platform sets first. */
  readonly sets: readonly MigrationSet[];
  /** Default "up". */
  readonly direction?: "up" | "down";
  /** Stop after (up) or at (down) this version of this set. Default: up goes all the way, down undoes one migration. */
  readonly to?: { readonly set: string; readonly version: number };
  /** How long to wait while another process migrates. Default 60 000. */
  readonly waitMs?: number;
  /** How long one migration waits for a table lock, with everybody else queued behind it. Tried 5 times. Default 3 000. */
  readonly lockTimeoutMs?: number;
  readonly log?: Logger;
}

export interface MigrateResult {
  /** What was applied or undone, in order, as `set/NNNN_name`. */
  readonly changed: readonly string[];
}

// Any fixed number that nobody else in the database uses.
const LOCK_KEY = 7_245_318_021;
const LOCK_ATTEMPTS = 5;

const HISTORY = `
  CREATE SCHEMA IF NOT EXISTS tandem;
  CREATE TABLE IF NOT EXISTS tandem.schema_migration (
    set_name text NOT NULL,
    version integer NOT NULL,
    name text NOT NULL,
    checksum text NOT NULL,
    applied_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (set_name, version)
  )`;

/**
 * Brings the database up (or down). One process at a time; each file in a transaction of its own together with its
 * history row, unless its first line is `-- no-transaction`.
 * @throws AppError failed_precondition `migration.edited`, `migration.missing`, `migration.out_of_order`,
 *   `migration.irreversible`, `migration.failed`; unavailable `migration.locked`
 */
export const migrate = (options: MigrateOptions): Promise<MigrateResult> =>
  withLock(options, async (client) => {
    const { direction = "up", to, log, lockTimeoutMs = 3_000 } = options;
    const files = await readSets(options.sets);
    const applied = await readHistory(client);
    const plan = direction === "up" ? planUp(files, applied, to) : planDown(files, applied, to);
    await client.query(`SET lock_timeout = ${Math.round(lockTimeoutMs)}`);
    const changed: string[] = [];
    for (const migration of plan) {
      const startedAt = performance.now();
      await runFile(client, migration, direction);
      changed.push(`${migration.set}/${migration.file}`);
      const durationMs = Math.round(performance.now() - startedAt);
      log?.info({ set: migration.set, migration: migration.file, direction, durationMs }, "migrated");
    }
    return { changed };
  });

/** Where each migration stands. Takes no lock and changes nothing. */
export const migrationStatus = async ({
  url,
  sets,
}: Pick<MigrateOptions, "url" | "sets">): Promise<MigrationStatus[]> => {
  const client = await connect(url);
  try {
    return statusOf(await readSets(sets), await readHistory(client));
  } finally {
    await client.end();
  }
};

const readSets = async (sets: readonly MigrationSet[]): Promise<MigrationFile[]> =>
  (await Promise.all(sets.map(readMigrations))).flat();

const readHistory = async (client: pg.Client): Promise<AppliedMigration[]> => {
  try {
    const { rows } = await client.query(
      `SELECT set_name AS set, version, name, checksum, applied_at AS "appliedAt"
       FROM tandem.schema_migration ORDER BY applied_at, set_name, version`,
    );
    return rows;
  } catch (error) {
    const code = findPostgresError(error)?.code;
    if (code === "42P01" || code === "3F000") return []; // no table, no schema: nothing was ever applied
    throw error;
  }
};

const runFile = async (client: pg.Client, migration: MigrationFile, direction: "up" | "down"): Promise<void> => {
  const script = direction === "up" ? migration.up : (migration.down ?? "");
  const { set, version, name, checksum } = migration;
  const record = () =>
    direction === "up"
      ? client.query(
          "INSERT INTO tandem.schema_migration (set_name, version, name, checksum) VALUES ($1, $2, $3, $4)",
          [set, version, name, checksum],
        )
      : client.query("DELETE FROM tandem.schema_migration WHERE set_name = $1 AND version = $2", [set, version]);
  const run = async () => {
    if (isNoTransaction(script)) {
      // One at a time: several statements in one message are one transaction.
      for (const { text } of splitSql(script)) await client.query(text);
      await record();
      return;
    }
    await client.query("BEGIN");
    try {
      await client.query(script);
      await record();
      await client.query("COMMIT");
    } catch (error) {
      await client.query("ROLLBACK").catch(() => {});
      throw error;
    }
  };
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await run();
    } catch (error) {
      // Give up the place in the lock queue, let the others through, come back.
      if (findPostgresError(error)?.code === "55P03" && attempt < LOCK_ATTEMPTS && !isNoTransaction(script)) {
        await sleep(attempt * 200);
        continue;
      }
      const reason = error instanceof Error ? error.message : String(error);
      throw new AppError("failed_precondition", "migration.failed", `${set}/${migration.file}: ${reason}`, {
        cause: error,
      });
    }
  }
};

const connect = async (url: string): Promise<pg.Client> => {
  const client = new pg.Client({ connectionString: url, application_name: "migrate", connectionTimeoutMillis: 10_000 });
  client.on("error", () => {}); // statements report it
  await client.connect().catch((error: unknown) => {
    throw toAppError(error);
  });
  return client;
};

const withLock = async <T>(
  { url, waitMs = 60_000, log }: MigrateOptions,
  work: (client: pg.Client) => Promise<T>,
): Promise<T> => {
  const client = await connect(url);
  try {
    const startedAt = performance.now();
    // Asking again and again instead of waiting inside the server: a waiting statement holds a snapshot, and the
    // other process's CREATE INDEX CONCURRENTLY would wait for it in turn.
    while (!(await client.query("SELECT pg_try_advisory_lock($1) AS locked", [LOCK_KEY])).rows[0].locked) {
      if (performance.now() - startedAt > waitMs)
        throw new AppError("unavailable", "migration.locked", "Another process is migrating this database");
      log?.info("another process is migrating, waiting");
      await sleep(200);
    }
    await client.query("SET client_min_messages = warning");
    await client.query(HISTORY);
    return await work(client);
  } finally {
    await client.end(); // the lock goes with the session
  }
};
