import { randomBytes } from "node:crypto";
import { createServer } from "node:net";
import { isAppError } from "@tandem/kernel";
import { ensureDatabase, readDatabaseUrl, runMigrateCli, waitForDatabase } from "@tandem/postgres";
import { createTestDatabase, findTestPostgres } from "@tandem/testkit";
import pg from "pg";
import { afterEach, beforeEach, describe, expect, test } from "vitest";

let adminUrl: string;
let prefix: string;

const query = async (url: string, sql: string): Promise<unknown[]> => {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    return (await client.query(sql)).rows;
  } finally {
    await client.end();
  }
};
const failure = (promise: Promise<unknown>): Promise<unknown> =>
  promise.then(
    () => "passed",
    (error: unknown) => (isAppError(error) ? error.code : ((error as { code?: string }).code ?? String(error))),
  );
const ensure = (name: string, password = "p'w d%/") =>
  ensureDatabase({ adminUrl, database: `${prefix}${name}_db`, user: `${prefix}${name}_svc`, password });

beforeEach(async () => {
  adminUrl = await findTestPostgres();
  prefix = `t${randomBytes(4).toString("hex")}_`;
});
afterEach(async () => {
  const names = (await query(adminUrl, `SELECT datname AS name FROM pg_database WHERE datname LIKE '${prefix}%'`)) as {
    name: string;
  }[];
  for (const { name } of names) await query(adminUrl, `DROP DATABASE ${name} WITH (FORCE)`);
  const roles = (await query(adminUrl, `SELECT rolname AS name FROM pg_roles WHERE rolname LIKE '${prefix}%'`)) as {
    name: string;
  }[];
  for (const { name } of roles) await query(adminUrl, `DROP OWNED BY ${name}; DROP ROLE ${name}`);
});

describe("ensureDatabase", () => {
  test("statements are not compiled: they are small, and the compiler is not", async () => {
    expect(await query(await ensure("quick"), "SHOW jit")).toEqual([{ jit: "off" }]);
    expect(
      await query(
        adminUrl,
        `SELECT setconfig FROM pg_db_role_setting s JOIN pg_database d ON d.oid = s.setdatabase
        WHERE d.datname = '${prefix}quick_db'`,
      ),
    ).toEqual([{ setconfig: ["jit=off"] }]);
  });

  test("each context gets a database of its own that the others cannot enter", async () => {
    const [orderUrl, paymentUrl] = await Promise.all([ensure("order"), ensure("payment")]);
    await query(orderUrl, "CREATE SCHEMA tandem; CREATE TABLE tandem.t (id int); CREATE TABLE t (id int)");
    expect(await query(paymentUrl, "SELECT current_user AS me, current_database() AS db")).toEqual([
      { me: `${prefix}payment_svc`, db: `${prefix}payment_db` },
    ]);
    const trespass = new URL(paymentUrl);
    trespass.pathname = `/${prefix}order_db`;
    expect(await failure(query(trespass.href, "SELECT 1"))).toBe("42501");
  });

  test("a repetition keeps the data and sets the password", async () => {
    const before = await ensure("order", "first");
    await query(before, "CREATE TABLE t (id int)");
    const after = await ensure("order", "second");
    expect(await query(after, "SELECT to_regclass('t')::text AS name")).toEqual([{ name: "t" }]);
    expect(await failure(query(before, "SELECT 1"))).toBe("28P01");
  });

  test("many may do it at the same moment, for the same database and for others", async () => {
    const outcomes = await Promise.all(
      Array.from({ length: 12 }, (_, index) => failure(ensure(index % 2 === 0 ? "order" : "payment"))),
    );
    expect(outcomes).toEqual(outcomes.map(() => "passed"));
  });

  test("an administrator who is no superuser can do it, as on a managed server", async () => {
    await query(adminUrl, `CREATE ROLE ${prefix}admin LOGIN CREATEDB CREATEROLE PASSWORD 'a'`);
    const url = new URL(adminUrl);
    url.username = `${prefix}admin`;
    url.password = "a";
    const needed = { database: `${prefix}x_db`, user: `${prefix}x_svc`, password: "x" };
    const made = await ensureDatabase({ adminUrl: url.href, ...needed });
    await query(made, "CREATE TABLE t (id int)");
    expect(await ensureDatabase({ adminUrl: url.href, ...needed })).toBe(made);
  });

  test("names that are not plain are refused before they reach SQL", async () => {
    const options = { adminUrl: "postgres://x@127.0.0.1:1/x", user: "u", password: "p" };
    expect(await failure(ensureDatabase({ ...options, database: "a; DROP DATABASE b" }))).toBe("postgres.bad_name");
  });
});

describe("readDatabaseUrl", () => {
  test("takes names and the decoded password out of a URL", () => {
    const url = new URL("postgres://order_svc@db.example:5432/order_db");
    url.password = encodeURIComponent("p'w d%/");
    expect(readDatabaseUrl(url.href)).toEqual({ database: "order_db", user: "order_svc", password: "p'w d%/" });
  });

  test("refuses one that names no database or no user", () => {
    for (const url of ["postgres://order_svc@db.example", "postgres://db.example/order_db"])
      expect(() => readDatabaseUrl(url)).toThrow("no database or no user");
  });
});

describe("waitForDatabase", () => {
  /** In front of the server: lets nobody through until it is opened. */
  const startDoor = async () => {
    const { hostname, port } = new URL(adminUrl);
    let asked = 0;
    const door = createServer((socket) => {
      asked += 1;
      socket.destroy();
    });
    await new Promise<void>((resolve) => door.listen(0, "127.0.0.1", resolve));
    const url = new URL(adminUrl);
    url.port = String((door.address() as { port: number }).port);
    return { url: url.href, asked: () => asked, door, target: { host: hostname, port: Number(port) } };
  };

  test("waits for a server that is not there yet", async () => {
    const { url, door, asked, target } = await startDoor();
    const { connect } = await import("node:net");
    const waiting = waitForDatabase({ url });
    while (asked() < 2) await new Promise((resolve) => setImmediate(resolve));
    door.removeAllListeners("connection");
    door.on("connection", (socket) => {
      const upstream = connect(target);
      socket.pipe(upstream).pipe(socket);
      for (const one of [socket, upstream]) one.on("error", () => {});
    });
    await waiting;
    expect(asked()).toBeGreaterThanOrEqual(2);
    door.close();
  });

  test("gives up when the time is over, and says what it waited for", async () => {
    const { url, door } = await startDoor();
    expect(await failure(waitForDatabase({ url, timeoutMs: 0 }))).toBe("postgres.unavailable");
    door.close();
  });

  test("takes a wrong password for an answer", async () => {
    const url = new URL(adminUrl);
    url.password = "wrong";
    expect(await failure(waitForDatabase({ url: url.href }))).toBe("28P01");
  });
});

test("migrate up makes role and database when it is told an administrator, and again changes nothing", async () => {
  const url = new URL(adminUrl);
  url.username = `${prefix}m_svc`;
  url.password = "secret";
  url.pathname = `/${prefix}m_db`;
  let output = "";
  const run = () => {
    output = "";
    const write = (text: string) => {
      output += text;
    };
    return runMigrateCli(["up"], { url: url.href, adminUrl, waitMs: 60_000, sets: [], write });
  };
  const said = `database ${prefix}m_db and role ${prefix}m_svc are there\nnothing to do\n`;
  expect([await run(), output]).toEqual([0, said]);
  expect([await run(), output]).toEqual([0, said]);
  expect(await query(url.href, "SELECT current_user AS me")).toEqual([{ me: `${prefix}m_svc` }]);
});

test("without an administrator migrate up makes nothing", async () => {
  await using db = await createTestDatabase();
  const url = new URL(db.url);
  url.pathname = `/${prefix}none_db`;
  expect(await failure(runMigrateCli(["up"], { url: url.href, sets: [], write: () => {} }))).toBe("3D000");
});
