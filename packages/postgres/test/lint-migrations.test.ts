import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { lintMigrations, postgresMigrations } from "@tandem/postgres";
import { expect, test } from "vitest";

const lint = async (...ups: string[]) => {
  const dir = await mkdtemp(join(tmpdir(), "lint-"));
  for (const [at, up] of ups.entries()) await writeFile(join(dir, `000${at + 1}_x.up.sql`), up);
  const findings = await lintMigrations(dir);
  await rm(dir, { recursive: true });
  return findings;
};
const rulesOf = async (...ups: string[]) => (await lint(...ups)).map(({ rule }) => rule);

test.each([
  ["DROP TABLE orders", "drop-table"],
  ["DROP TYPE order_status", "drop-table"],
  ["ALTER TABLE orders DROP COLUMN total", "drop-column"],
  ["alter table only public.orders drop total", "drop-column"],
  ["ALTER TABLE orders ADD COLUMN a int, DROP COLUMN IF EXISTS b", "drop-column"],
  ["ALTER TABLE orders RENAME COLUMN total TO amount", "rename"],
  ["ALTER TABLE orders RENAME total TO amount", "rename"],
  ["ALTER TABLE orders RENAME TO purchases", "rename"],
  ["ALTER TABLE orders ALTER COLUMN total TYPE bigint", "alter-type"],
  ["ALTER TABLE orders ALTER total SET DATA TYPE bigint", "alter-type"],
  ["ALTER TABLE orders ALTER COLUMN total SET NOT NULL", "set-not-null"],
  ["ALTER TABLE orders ADD COLUMN total bigint NOT NULL", "add-required-column"],
  ["ALTER TABLE orders ADD COLUMN key uuid DEFAULT gen_random_uuid()", "volatile-default"],
  ["ALTER TABLE orders ADD CONSTRAINT positive CHECK (total > 0)", "unvalidated-constraint"],
  ["ALTER TABLE orders ADD FOREIGN KEY (customer_id) REFERENCES customers (id)", "unvalidated-constraint"],
  ["ALTER TABLE orders ADD CONSTRAINT once UNIQUE (key)", "unique-without-index"],
  ["CREATE INDEX orders_total ON orders (total)", "blocking-index"],
  ["CREATE UNIQUE INDEX IF NOT EXISTS orders_total ON public.orders (total)", "blocking-index"],
  ["CREATE INDEX ON orders (total)", "blocking-index"],
  ["DROP INDEX orders_total", "blocking-drop-index"],
  ["DROP INDEX CONCURRENTLY orders_total", "concurrently-in-transaction"],
])("%s is flagged", async (sql, rule) => {
  expect(await rulesOf(sql)).toEqual([rule]);
});

test.each([
  "CREATE TABLE orders (id uuid PRIMARY KEY, total bigint NOT NULL, CHECK (total > 0))",
  "CREATE TABLE orders (id uuid); CREATE INDEX orders_id ON orders (id); ALTER TABLE orders ADD COLUMN x int NOT NULL",
  "ALTER TABLE orders ADD COLUMN note text",
  "ALTER TABLE orders ADD COLUMN total bigint NOT NULL DEFAULT 0",
  "ALTER TABLE orders ADD CONSTRAINT positive CHECK (total > 0) NOT VALID",
  "ALTER TABLE orders VALIDATE CONSTRAINT positive",
  "ALTER TABLE orders ADD CONSTRAINT once UNIQUE USING INDEX orders_key",
  "ALTER TABLE orders DROP CONSTRAINT positive",
  "ALTER TABLE orders ALTER COLUMN total DROP NOT NULL",
  "ALTER TABLE orders ALTER COLUMN total SET DEFAULT 0",
  "ALTER TABLE orders RENAME CONSTRAINT a TO b",
  "INSERT INTO notes VALUES ('DROP TABLE orders; ALTER TABLE orders DROP COLUMN x')",
  "-- DROP TABLE orders;\n/* ALTER TABLE orders RENAME TO x; */ SELECT 1",
  "CREATE FUNCTION f() RETURNS void LANGUAGE plpgsql AS $$ BEGIN DROP TABLE orders; END $$",
  "-- no-transaction\nDROP INDEX CONCURRENTLY IF EXISTS orders_total;\nCREATE INDEX CONCURRENTLY orders_total ON orders (total)",
  "-- contract: nobody reads it since 1.4\nALTER TABLE orders DROP COLUMN total",
])("%s passes", async (sql) => {
  expect(await lint(sql)).toEqual([]);
});

test("a contract comment excuses its own statement only, and needs a reason", async () => {
  const sql = "-- contract: gone since 1.4\nDROP TABLE a;\nDROP TABLE b;\n-- contract:\nDROP TABLE c;";
  expect((await lint(sql)).map(({ line, rule }) => [line, rule])).toEqual([
    [3, "drop-table"],
    [5, "drop-table"],
  ]);
});

test("SET NOT NULL passes once a check has been validated, also in an earlier file", async () => {
  const add = "ALTER TABLE orders ADD CONSTRAINT total_there CHECK (total IS NOT NULL) NOT VALID";
  const validate = "ALTER TABLE orders VALIDATE CONSTRAINT total_there";
  const set = "ALTER TABLE orders ALTER COLUMN total SET NOT NULL";
  expect(await rulesOf(add, set)).toEqual(["set-not-null"]);
  expect(await rulesOf(add, `${validate}; ${set}`)).toEqual([]);
});

test("a concurrent index without a drop before it cannot be repeated after a crash", async () => {
  expect(await rulesOf("-- no-transaction\nCREATE INDEX CONCURRENTLY orders_total ON orders (total)")).toEqual([
    "unrepeatable-index",
  ]);
});

test("this package's own migrations pass", async () => {
  expect(await lintMigrations(postgresMigrations.dir)).toEqual([]);
});
