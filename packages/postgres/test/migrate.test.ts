import { spawn } from "node:child_process";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { isAppError } from "@tandem/kernel";
import { type MigrationSet, migrate, migrationStatus, runMigrateCli } from "@tandem/postgres";
import { createTestDatabase, type TestDatabase } from "@tandem/testkit";
import pg from "pg";
import { afterEach, beforeEach, expect, test } from "vitest";

let db: TestDatabase;
let root: string;

beforeEach(async () => {
  db = await createTestDatabase();
  root = await mkdtemp(join(tmpdir(), "migrate-"));
});
afterEach(async () => {
  await db.dispose();
  await rm(root, { recursive: true });
});

const writeSet = async (name: string, files: Record<string, string>): Promise<MigrationSet> => {
  const dir = join(root, name);
  await mkdir(dir, { recursive: true });
  for (const [file, content] of Object.entries(files)) await writeFile(join(dir, file), content);
  return { name, dir };
};
const tables = async () => {
  const { rows } = await db.database.query<{ name: string }>(
    "SELECT tablename AS name FROM pg_tables WHERE schemaname = 'public' ORDER BY 1",
  );
  return rows.map(({ name }) => name);
};
const codeOf = (promise: Promise<unknown>) =>
  promise.then(
    () => "passed",
    (error: unknown) => (isAppError(error) ? error.code : String(error)),
  );

const TWO = {
  "0001_one.up.sql": "CREATE TABLE one (id int);",
  "0001_one.down.sql": "DROP TABLE one;",
  "0002_two.up.sql": "CREATE TABLE two (id int);",
  "0002_two.down.sql": "DROP TABLE two;",
};

test("up applies what is pending in the order of sets and versions, once", async () => {
  const first = await writeSet("first", TWO);
  const second = await writeSet("second", { "0001_three.up.sql": "CREATE TABLE three AS SELECT * FROM two;" });
  const sets = [first, second];
  const { changed } = await migrate({ url: db.url, sets });
  expect(changed).toEqual(["first/0001_one", "first/0002_two", "second/0001_three"]);
  expect(await tables()).toEqual(["one", "three", "two"]);
  expect(await migrate({ url: db.url, sets })).toEqual({ changed: [] });
});

test("down undoes the last one, or a set down to a version", async () => {
  const sets = [await writeSet("first", { ...TWO, "0003_x.up.sql": "SELECT 1", "0003_x.down.sql": "SELECT 1" })];
  await migrate({ url: db.url, sets });
  expect((await migrate({ url: db.url, sets, direction: "down" })).changed).toEqual(["first/0003_x"]);
  const down = await migrate({ url: db.url, sets, direction: "down", to: { set: "first", version: 0 } });
  expect(down.changed).toEqual(["first/0002_two", "first/0001_one"]);
  expect(await tables()).toEqual([]);
  const up = await migrate({ url: db.url, sets, to: { set: "first", version: 1 } });
  expect(up.changed).toEqual(["first/0001_one"]);
});

test("a migration that fails leaves nothing of itself, keeps those before, and can be repaired", async () => {
  const broken = { ...TWO, "0002_two.up.sql": "CREATE TABLE two (id int); INSERT INTO nowhere VALUES (1);" };
  const sets = [await writeSet("first", broken)];
  expect(await codeOf(migrate({ url: db.url, sets }))).toBe("migration.failed");
  expect(await tables()).toEqual(["one"]);
  await writeSet("first", TWO);
  expect((await migrate({ url: db.url, sets })).changed).toEqual(["first/0002_two"]);
});

test("a file that was edited after it was applied is refused; other line endings are no edit", async () => {
  const sets = [await writeSet("first", TWO)];
  await migrate({ url: db.url, sets });
  await writeSet("first", { "0001_one.up.sql": "CREATE TABLE one (id bigint);" });
  expect(await codeOf(migrate({ url: db.url, sets }))).toBe("migration.edited");
  expect((await migrationStatus({ url: db.url, sets })).map(({ state }) => state)).toEqual(["edited", "applied"]);

  const other = [await writeSet("other", { "0001_a.up.sql": "SELECT 1;\nSELECT 2;\n" })];
  await migrate({ url: db.url, sets: other });
  await writeSet("other", { "0001_a.up.sql": "SELECT 1;\r\nSELECT 2;\r\n" });
  expect(await codeOf(migrate({ url: db.url, sets: other }))).toBe("passed");
});

test("a new file below the newest applied version is refused", async () => {
  const sets = [await writeSet("first", { "0002_two.up.sql": "CREATE TABLE two (id int);" })];
  await migrate({ url: db.url, sets });
  await writeSet("first", TWO);
  expect(await codeOf(migrate({ url: db.url, sets }))).toBe("migration.out_of_order");
});

test("older code on a newer database is fine; a hole in the history is not", async () => {
  const sets = [await writeSet("first", { ...TWO, "0003_x.up.sql": "SELECT 1" })];
  await migrate({ url: db.url, sets });
  await rm(join(root, "first/0003_x.up.sql"));
  expect(await codeOf(migrate({ url: db.url, sets }))).toBe("passed");
  expect((await migrationStatus({ url: db.url, sets })).at(-1)).toMatchObject({ version: 3, state: "missing" });
  await rm(join(root, "first/0001_one.up.sql"));
  await rm(join(root, "first/0001_one.down.sql"));
  expect(await codeOf(migrate({ url: db.url, sets }))).toBe("migration.missing");
});

test("what has no down script cannot be undone", async () => {
  const sets = [await writeSet("first", { "0001_one.up.sql": "CREATE TABLE one (id int);" })];
  await migrate({ url: db.url, sets });
  expect(await codeOf(migrate({ url: db.url, sets, direction: "down" }))).toBe("migration.irreversible");
  expect(await tables()).toEqual(["one"]);
});

test("a no-transaction file runs its statements one by one, so that an index can be built concurrently", async () => {
  const index = `-- no-transaction
    DROP INDEX CONCURRENTLY IF EXISTS one_id; -- a ; in a comment
    CREATE INDEX CONCURRENTLY one_id ON one (id);`;
  const sets = [await writeSet("first", { ...TWO, "0003_index.up.sql": index })];
  await migrate({ url: db.url, sets });
  const { rows } = await db.database.query("SELECT indisvalid FROM pg_index WHERE indexrelid = 'one_id'::regclass");
  expect(rows).toEqual([{ indisvalid: true }]);
});

test("processes that migrate at the same time do the work once", async () => {
  const slow = "CREATE TABLE once (id int); INSERT INTO once VALUES (1); SELECT pg_sleep(0.2);";
  const { dir } = await writeSet("first", {
    "0001_once.up.sql": slow,
    "0002_more.up.sql": "INSERT INTO once VALUES (2)",
  });
  const script = `
    import { migrate } from "@tandem/postgres";
    const { changed } = await migrate({ url: process.argv[1], sets: [{ name: "first", dir: process.argv[2] }] });
    process.stdout.write(JSON.stringify(changed));`;
  const run = () =>
    new Promise<string[]>((resolve, reject) => {
      const child = spawn(process.execPath, ["--input-type=module", "-e", script, db.url, dir], {
        cwd: import.meta.dirname,
        stdio: ["ignore", "pipe", "inherit"],
      });
      let output = "";
      child.stdout.on("data", (chunk) => {
        output += chunk;
      });
      child.once("close", (code) => (code === 0 ? resolve(JSON.parse(output)) : reject(new Error(`exit ${code}`))));
    });
  const results = await Promise.all([run(), run(), run()]);
  expect(results.flat().sort()).toEqual(["first/0001_once", "first/0002_more"]);
  expect((await db.database.query("SELECT id FROM once ORDER BY id")).rows).toEqual([{ id: 1 }, { id: 2 }]);
});

test("whoever waits too long for another's migration gives up without having changed anything", async () => {
  const sets = [await writeSet("first", { "0001_slow.up.sql": "SELECT pg_sleep(1); CREATE TABLE slow (id int);" })];
  const winner = migrate({ url: db.url, sets });
  const codes = await codeOf(
    (async () => {
      // The winner's lock is taken before its history table exists: wait for that, then compete.
      for (;;) {
        const { rowCount } = await db.database.query("SELECT 1 FROM pg_locks WHERE locktype = 'advisory'");
        if (rowCount) break;
      }
      return migrate({ url: db.url, sets, waitMs: 0 });
    })(),
  );
  expect(codes).toBe("migration.locked");
  expect((await winner).changed).toEqual(["first/0001_slow"]);
});

test("a migration that cannot get its table lock steps back and tries again", async () => {
  const sets = [await writeSet("first", TWO)];
  await migrate({ url: db.url, sets });
  await writeSet("first", { "0003_alter.up.sql": "ALTER TABLE one ADD COLUMN body text;" });
  const reader = new pg.Client({ connectionString: db.url });
  await reader.connect();
  await reader.query("BEGIN; SELECT * FROM one");
  const steppedBack = Promise.withResolvers<void>();
  reader.on("error", () => {});
  const migrating = migrate({ url: db.url, sets, lockTimeoutMs: 50 });
  // Released only after at least one attempt has timed out: the history then shows a rolled back attempt.
  const watch = async () => {
    for (;;) {
      const { rows } = await db.database.query<{ n: string }>(
        "SELECT xact_rollback AS n FROM pg_stat_database WHERE datname = current_database()",
      );
      if (Number(rows[0]?.n) > 0) return steppedBack.resolve();
      await db.database.query("SELECT pg_stat_clear_snapshot()");
    }
  };
  await Promise.race([watch(), migrating]);
  await reader.query("COMMIT");
  await reader.end();
  expect((await migrating).changed).toEqual(["first/0003_alter"]);
});

test("files with other names, doubled versions and lonely downs are refused", async () => {
  const check = async (name: string, files: Record<string, string>) =>
    codeOf(migrate({ url: db.url, sets: [await writeSet(name, files)] }));
  expect(await check("names", { "1_one.up.sql": "" })).toBe("migration.bad_file");
  expect(await check("doubled", { "0001_a.up.sql": "", "0001_b.up.sql": "" })).toBe("migration.bad_file");
  expect(await check("lonely", { "0001_a.down.sql": "" })).toBe("migration.bad_file");
});

test("the command line reports, applies, undoes and refuses, by exit code", async () => {
  const sets = [await writeSet("first", TWO)];
  let output = "";
  const write = (text: string) => {
    output += text;
  };
  const run = async (...argv: string[]) => {
    output = "";
    const code = await runMigrateCli(argv, { url: db.url, sets, write });
    return [code, output] as const;
  };
  expect(await run("status")).toEqual([3, "pending  first/0001_one\npending  first/0002_two\n"]);
  expect(await run("up", "--to", "first/0001")).toEqual([0, "up first/0001_one\n"]);
  expect((await run("up"))[1]).toBe("up first/0002_two\n");
  expect(await run("up")).toEqual([0, "nothing to do\n"]);
  expect((await run("status", "--json"))[0]).toBe(0);
  expect(JSON.parse(output)).toHaveLength(2);
  expect(await run("down")).toEqual([0, "down first/0002_two\n"]);
  expect(await run("lint")).toEqual([0, ""]);
  await writeSet("first", { "0003_drop.up.sql": "DROP TABLE one;" });
  expect(await run("lint")).toEqual([1, expect.stringContaining("0003_drop.up.sql:1 drop-table: ")]);
  expect((await run("sideways"))[0]).toBe(2);
  expect((await run("--help"))[0]).toBe(0);
  expect((await run("up", "--to", "nonsense"))[0]).toBe(2);
  expect((await run("up", "--to", "first/0009"))[0]).toBe(1);
  expect(output).toContain("migration.unknown_version");
});
