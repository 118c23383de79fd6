import { AppError } from "@tandem/kernel";
import pg from "pg";

export interface EnsureDatabaseOptions {
  /** Of a superuser. */
  readonly adminUrl: string;
  /** `order_db` */
  readonly database: string;
  /** `order_svc`; becomes the owner. */
  readonly user: string;
  readonly password: string;
}

/**
 * Makes sure that `user` and its `database` exist and that nobody else can connect to it. Safe to repeat, also from several
 * processes at once; the password is set to the one given.
 * @returns the URL for that user and database
 */
export const ensureDatabase = async ({
  adminUrl,
  database,
  user,
  password,
}: EnsureDatabaseOptions): Promise<string> => {
  for (const name of [database, user]) {
    if (!/^[a-z][a-z0-9_]{0,62}$/.test(name))
      throw new AppError("invalid_argument", "embedded_postgres.bad_name", `${name} is not a plain lower-case name`);
  }
  const client = new pg.Client({ connectionString: adminUrl, connectionTimeoutMillis: 10_000 });
  await client.connect();
  try {
    // Names are checked above; the password goes through quoting because DDL takes no parameters.
    const quoted = client.escapeLiteral(password);
    await unlessExists(client.query(`CREATE ROLE ${user} LOGIN PASSWORD ${quoted}`), async () => {
      await client.query(`ALTER ROLE ${user} LOGIN PASSWORD ${quoted}`);
    });
    await unlessExists(client.query(`CREATE DATABASE ${database} OWNER ${user} TEMPLATE template0`));
    await client.query(`REVOKE ALL ON DATABASE ${database} FROM PUBLIC`);
  } finally {
    await client.end();
  }
  const url = new URL(adminUrl);
  url.username = user;
  url.password = password;
  url.pathname = `/${database}`;
  return url.href;
};

// Duplicate role, duplicate database, and the unique violation that two creators at the same moment see.
const DUPLICATE = new Set(["42710", "42P04", "23505"]);

const unlessExists = async (creating: Promise<unknown>, otherwise?: () => Promise<void>): Promise<void> => {
  try {
    await creating;
  } catch (error) {
    if (!DUPLICATE.has((error as { code?: string }).code ?? "")) throw error;
    await otherwise?.();
  }
};
