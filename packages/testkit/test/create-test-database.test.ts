import { mkdtemp, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createTestDatabase, findTestPostgres } from "@tandem/testkit";
import pg from "pg";
import { expect, test } from "vitest";

const makeSet = async (sql: string) => {
  const dir = await mkdtemp(join(tmpdir(), "testkit-set-"));
  await writeFile(join(dir, "0001_things.up.sql"), sql);
  return { name: "things", dir };
};

const count = async (like: string) => {
  const admin = new pg.Client({ connectionString: await findTestPostgres() });
  await admin.connect();
  const { rows } = await admin.query("SELECT count(*)::int AS n FROM pg_database WHERE datname LIKE $1", [like]);
  await admin.end();
  return rows[0].n as number;
};

test("a test database holds the migrated sets and nothing that another test wrote", async () => {
  const set = await makeSet("CREATE TABLE thing (id int)");
  await using one = await createTestDatabase({ sets: [set] });
  await using two = await createTestDatabase({ sets: [set] });
  await one.database.query("INSERT INTO thing VALUES (1)");
  expect((await one.database.query("SELECT * FROM thing")).rows).toHaveLength(1);
  expect((await two.database.query("SELECT * FROM thing")).rows).toHaveLength(0);
});

test("many files that want the same template at once make it once", async () => {
  const set = await makeSet("CREATE TABLE thing_at_once (id int)");
  const before = await count("template\\_%");
  const databases = await Promise.all(Array.from({ length: 6 }, () => createTestDatabase({ sets: [set] })));
  expect(await count("template\\_%")).toBe(before + 1);
  await Promise.all(databases.map((database) => database.dispose()));
});

test("disposing drops the database although somebody is connected", async () => {
  const created = await createTestDatabase();
  const stranger = new pg.Client({ connectionString: created.url });
  stranger.on("error", () => {});
  await stranger.connect();
  await created.dispose();
  expect(await count(created.name)).toBe(0);
});
