import type { Transaction } from "@tandem/postgres";
import type { TestDatabase } from "@tandem/testkit";
import { eq, inArray, sql } from "drizzle-orm";
import { integer, pgTable, text } from "drizzle-orm/pg-core";
import { afterAll, beforeAll, expect, test } from "vitest";
import { createNoteDatabase, failure, idsIn } from "./note-table.ts";

const note = pgTable("note", { id: integer().primaryKey(), body: text().notNull().default("") });

let db: TestDatabase;
beforeAll(async () => {
  db = await createNoteDatabase();
});
afterAll(() => db.dispose());

/** What the transaction's connection has prepared, and how often each was run. */
const prepared = async (tx: Transaction) => {
  const { rows } = await tx.client.query<{ statement: string; runs: number }>(
    "SELECT statement, (generic_plans + custom_plans)::int AS runs FROM pg_prepared_statements WHERE name LIKE 'orm %' ORDER BY name",
  );
  return rows;
};

test("a connection parses a statement of the ORM once, whatever its values", async () => {
  await db.database.transact(async (tx) => {
    for (let id = 1; id <= 7; id++) await tx.insert(note).values({ id, body: `the ${id}th` });
    for (let id = 1; id <= 7; id++) {
      expect(await tx.select().from(note).where(eq(note.id, id))).toEqual([{ id, body: `the ${id}th` }]);
    }
    const found = await prepared(tx);
    expect(found.map(({ runs }) => runs)).toEqual([7, 7]);
  });
});

test("statements that are sent at once, before the first is parsed, are answered each by its own", async () => {
  await db.database.transact(async (tx) => {
    const found = await Promise.all(
      [3, 5, 99].map((id) => tx.select({ body: note.body }).from(note).where(eq(note.id, id))),
    );
    expect(found).toEqual([[{ body: "the 3th" }], [{ body: "the 5th" }], []]);
  });
});

test("a list of values is prepared in none of its lengths: they are without number", async () => {
  await db.database.transact(async (tx) => {
    const before = (await prepared(tx)).length;
    await tx
      .select()
      .from(note)
      .where(inArray(note.id, [1, 2]));
    await tx.insert(note).values([{ id: 11 }, { id: 12 }]);
    expect(await prepared(tx)).toHaveLength(before);
  });
});

test("a statement that fails is understood the next time", async () => {
  const insert = () => db.database.orm.insert(note).values({ id: 1, body: "again" });
  for (let tries = 0; tries < 3; tries++) expect(await failure(insert())).toMatchObject({ code: "23505" });
  await db.database.orm.insert(note).values({ id: 21, body: "another" });
  expect(await idsIn(db)).toContain(21);
});

test("a column that comes later is no end of statements that were sent before", async () => {
  const read = () => db.database.orm.select().from(note).where(eq(note.id, 21));
  const readAll = () => db.database.orm.execute(sql`SELECT note.* FROM note WHERE id = ${21}`);
  const before = await read();
  await readAll();
  await db.database.orm.execute(sql`ALTER TABLE note ADD COLUMN later text`);
  expect(await read()).toEqual(before);
  expect((await readAll()).rows).toEqual([{ ...before[0], later: null }]);
});
