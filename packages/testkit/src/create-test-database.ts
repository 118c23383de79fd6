import { createHash, randomBytes } from "node:crypto";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import {
  createDatabase,
  type Database,
  type DatabaseOptions,
  type MigrationSet,
  migrate,
  readMigrations,
} from "@tandem/postgres";
import pg from "pg";
import { pollUntil } from "./poll-until.ts";

export interface TestDatabaseOptions {
  /** In the order in which they build on each other. Default: none, an empty database. */
  readonly sets?: readonly MigrationSet[];
  /** Of a superuser. Default: the Postgres of this vitest run (see `@tandem/testkit/global-setup`). */
  readonly adminUrl?: string;
  /** For `database`. */
  readonly options?: Partial<Omit<DatabaseOptions, "url">>;
}

export interface TestDatabase extends AsyncDisposable {
  readonly name: string;
  readonly url: string;
  /** Opened on first use, closed by `dispose`. */
  readonly database: Database;
  /** Drops the database, whoever is connected to it. */
  dispose(): Promise<void>;
}

/**
 * A database of its own, cloned from a template that holds the migrated `sets`. The template is made once per run and
 * content of the migrations, so a test file pays for a clone (some 20 ms) and not for the migrations.
 */
export const createTestDatabase = async (given: TestDatabaseOptions = {}): Promise<TestDatabase> => {
  const { sets = [], options } = given;
  const adminUrl = given.adminUrl ?? (await findTestPostgres());
  const name = `test_${randomBytes(6).toString("hex")}`;
  await asAdmin(adminUrl, async (admin) => {
    const template = sets.length > 0 ? await ensureTemplate(admin, adminUrl, sets) : "template0";
    await admin.query(`CREATE DATABASE ${name} TEMPLATE ${template} STRATEGY FILE_COPY`);
  });
  const url = withDatabase(adminUrl, name);
  let database: Database | undefined;
  let dropped: Promise<void> | undefined;
  const drop = async () => {
    await database?.dispose();
    await asAdmin(adminUrl, (admin) => admin.query(`DROP DATABASE IF EXISTS ${name} WITH (FORCE)`));
  };
  const dispose = () => {
    dropped ??= drop();
    return dropped;
  };
  return {
    name,
    url,
    get database() {
      // Generous: on a machine that runs everything at once, connecting may take seconds.
      database ??= createDatabase({ name: "test", acquireTimeoutMs: 30_000, ...options, url });
      return database;
    },
    dispose,
    [Symbol.asyncDispose]: dispose,
  };
};

/** URL of the superuser on this vitest run's Postgres, once it is up. */
export const findTestPostgres = async (): Promise<string> => {
  // Imported here: outside of a vitest worker the module cannot be loaded, and `adminUrl` makes it unnecessary.
  const { inject } = await import("vitest");
  const dir: string | undefined = inject("testPostgresDir");
  if (!dir) throw new Error("vitest runs without @tandem/testkit/global-setup");
  const answer = await pollUntil(() => readFile(join(dir, "answer.json"), "utf8"), {
    timeoutMs: 60_000,
    message: "the test Postgres",
  });
  const { adminUrl, error } = JSON.parse(answer) as { adminUrl?: string; error?: string };
  if (!adminUrl) throw new Error(error);
  return adminUrl;
};

const ensureTemplate = async (admin: pg.Client, adminUrl: string, sets: readonly MigrationSet[]): Promise<string> => {
  const hash = createHash("sha256");
  for (const set of sets)
    for (const file of await readMigrations(set)) hash.update(`${set.name}/${file.file}/${file.up}`);
  const digest = hash.digest();
  const template = `template_${digest.toString("hex").slice(0, 16)}`;
  const key = digest.readBigInt64BE(16).toString();
  // Test files run in several processes and want the same template at the same moment.
  await admin.query("SELECT pg_advisory_lock($1)", [key]);
  try {
    const { rows } = await admin.query("SELECT datistemplate AS finished FROM pg_database WHERE datname = $1", [
      template,
    ]);
    if (rows[0]?.finished) return template;
    if (rows[0]) await admin.query(`DROP DATABASE ${template} WITH (FORCE)`);
    await admin.query(`CREATE DATABASE ${template} TEMPLATE template0`);
    await migrate({ url: withDatabase(adminUrl, template), sets });
    // Without connections nothing can get in the way of a clone.
    await admin.query(`ALTER DATABASE ${template} WITH IS_TEMPLATE true ALLOW_CONNECTIONS false`);
    return template;
  } finally {
    await admin.query("SELECT pg_advisory_unlock($1)", [key]);
  }
};

const asAdmin = async <T>(adminUrl: string, work: (admin: pg.Client) => Promise<T>): Promise<T> => {
  const admin = new pg.Client({ connectionString: adminUrl });
  admin.on("error", () => {}); // statements report it
  await admin.connect();
  try {
    return await work(admin);
  } finally {
    await admin.end();
  }
};

const withDatabase = (adminUrl: string, database: string): string => {
  const url = new URL(adminUrl);
  url.pathname = `/${database}`;
  return url.href;
};
