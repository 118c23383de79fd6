import { AppError } from "@tandem/kernel";
import pg from "pg";
import { toAppError } from "./errors.ts";

export interface EnsureDatabaseOptions {
  /** Of a superuser, or of somebody with CREATEDB and CREATEROLE. */
  readonly adminUrl: string;
  /** `order_db` */
  readonly database: string;
  /** `order_svc`; becomes the owner. */
  readonly user: string;
  readonly password: string;
}

// Any fixed number that nobody else on the server uses.
const LOCK_KEY = 7_245_318_022;

/**
 * Makes sure that `user` and its `database` exist and that nobody else can connect to it. Safe to repeat, also from several
 * processes at once; the password is set to the one given.
 * @returns the URL for that user and database
 * @throws AppError invalid_argument `postgres.bad_name`; unavailable `postgres.unavailable`
 */
export const ensureDatabase = async (options: EnsureDatabaseOptions): Promise<string> => {
  const { adminUrl, database, user, password } = options;
  for (const name of [database, user]) {
    if (!/^[a-z][a-z0-9_]{0,62}$/.test(name))
      throw new AppError("invalid_argument", "postgres.bad_name", `${name} is not a plain lower-case name`);
  }
  const client = new pg.Client({
    connectionString: adminUrl,
    application_name: "migrate",
    connectionTimeoutMillis: 10_000,
  });
  client.on("error", () => {}); // statements report it
  await client.connect().catch((error: unknown) => {
    throw toAppError(error);
  });
  try {
    // One at a time: rows of roles and databases have no queue, whoever comes second gets "tuple concurrently updated".
    await client.query("SELECT pg_advisory_lock($1)", [LOCK_KEY]);
    await provision(client, options);
  } finally {
    await client.end(); // the lock goes with the session
  }
  const url = new URL(adminUrl);
  url.username = user;
  url.password = encodeURIComponent(password); // the setter leaves a % as it is
  url.pathname = `/${database}`;
  return url.href;
};

const provision = async (client: pg.Client, { database, user, password }: EnsureDatabaseOptions): Promise<void> => {
  // Names are checked above; the password goes through quoting because DDL takes no parameters.
  const quoted = client.escapeLiteral(password);
  await unlessExists(client.query(`CREATE ROLE ${user} LOGIN PASSWORD ${quoted}`), async () => {
    await client.query(`ALTER ROLE ${user} LOGIN PASSWORD ${quoted}`);
  });
  const { rows } = await client.query<{ super: boolean }>(
    "SELECT rolsuper AS super FROM pg_roles WHERE rolname = current_user",
  );
  // On a managed server the administrator is no superuser, and may make only members' roles an owner.
  if (!rows[0]?.super) await client.query(`GRANT ${user} TO current_user`);
  await unlessExists(client.query(`CREATE DATABASE ${database} OWNER ${user} TEMPLATE template0`));
  await client.query(`REVOKE ALL ON DATABASE ${database} FROM PUBLIC`);
  // Compiling a claim of the outbox took a server seconds and 90 MB for each connection, to save a millisecond.
  await client.query(`ALTER DATABASE ${database} SET jit = off`);
};

/** What `DATABASE_URL` says about who needs which database. @throws AppError invalid_argument `postgres.bad_name` */
export const readDatabaseUrl = (url: string): Pick<EnsureDatabaseOptions, "database" | "user" | "password"> => {
  const { pathname, username, password } = new URL(url);
  const database = decodeURIComponent(pathname.slice(1));
  if (database === "" || username === "")
    throw new AppError("invalid_argument", "postgres.bad_name", "The database's URL names no database or no user");
  return { database, user: decodeURIComponent(username), password: decodeURIComponent(password) };
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
