import { isAppError } from "@tandem/kernel";
import { defineKeyset, updateVersioned } from "@tandem/postgres";
import { createTestDatabase, type TestDatabase } from "@tandem/testkit";
import { and, eq } from "drizzle-orm";
import { bigint, integer, pgTable, text, timestamp, uuid } from "drizzle-orm/pg-core";
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, test } from "vitest";

const items = pgTable("item", {
  id: integer("id").primaryKey(),
  owner: text("owner").notNull(),
  price: bigint("price", { mode: "bigint" }).notNull(),
  createdAt: timestamp("created_at", { withTimezone: true, precision: 3 }).notNull(),
  note: text("note"),
  version: integer("version").notNull().default(1),
});

let db: TestDatabase;
beforeAll(async () => {
  db = await createTestDatabase();
  await db.database.query(`CREATE TABLE item (id int PRIMARY KEY, owner text NOT NULL, price bigint NOT NULL,
    created_at timestamptz(3) NOT NULL, note text, version int NOT NULL DEFAULT 1)`);
});
afterAll(() => db.dispose());

const readAll = async (keyset: ReturnType<typeof defineKeyset<typeof items>>, limit: number, owner: string) => {
  const pages: number[][] = [];
  let cursor: string | undefined;
  do {
    const page = keyset({ cursor, limit });
    const rows = await db.database.orm
      .select()
      .from(items)
      .where(and(eq(items.owner, owner), page.where))
      .orderBy(...page.orderBy)
      .limit(page.limit);
    const { items: found, nextCursor } = page.finish(rows);
    pages.push(found.map(({ id }) => id));
    cursor = nextCursor;
  } while (cursor);
  return pages;
};

describe("keyset pages", () => {
  const newest = defineKeyset({
    scope: "items:newest",
    table: items,
    sort: [{ column: "createdAt", direction: "desc" }],
  });
  const mixed = defineKeyset({
    scope: "items:mixed",
    table: items,
    sort: [
      { column: "price", direction: "desc" },
      { column: "createdAt", direction: "asc" },
    ],
  });

  test("pages of any size, put together, are the whole list in order, ties included", async () => {
    const owners = fc.array(fc.record({ price: fc.integer({ min: 0, max: 3 }), at: fc.integer({ min: 0, max: 3 }) }), {
      maxLength: 12,
    });
    let round = 0;
    let nextId = 0;
    await fc.assert(
      fc.asyncProperty(owners, fc.integer({ min: 1, max: 5 }), async (list, limit) => {
        const owner = `owner-${++round}`;
        const rows = list.map(({ price, at }) => ({
          id: ++nextId,
          owner,
          price: BigInt(price),
          createdAt: new Date(1_700_000_000_000 + at),
        }));
        if (rows.length > 0) await db.database.orm.insert(items).values(rows);
        const byNewest = [...rows].sort((a, b) => b.createdAt.getTime() - a.createdAt.getTime() || b.id - a.id);
        const byMixed = [...rows].sort(
          (a, b) => Number(b.price - a.price) || a.createdAt.getTime() - b.createdAt.getTime() || a.id - b.id,
        );
        const pages = await readAll(newest, limit, owner);
        expect(pages.flat()).toEqual(byNewest.map(({ id }) => id));
        expect(pages.slice(0, -1).every((page) => page.length === limit)).toBe(true);
        expect((await readAll(mixed, limit, owner)).flat()).toEqual(byMixed.map(({ id }) => id));
      }),
      { numRuns: 25 },
    );
  });

  test("a row that comes or goes between two pages neither repeats nor hides another", async () => {
    const owner = "moving";
    const row = (id: number) => ({ id, owner, price: 1n, createdAt: new Date(1_700_000_000_000 + id) });
    await db.database.orm.insert(items).values([9001, 9002, 9003, 9004].map(row));
    const select = (page: ReturnType<typeof newest>) =>
      db.database.orm
        .select()
        .from(items)
        .where(and(eq(items.owner, owner), page.where))
        .orderBy(...page.orderBy)
        .limit(page.limit);
    const first = newest({ limit: 2 });
    const one = first.finish(await select(first));
    await db.database.orm.insert(items).values(row(9005));
    await db.database.orm.delete(items).where(eq(items.id, 9003));
    const second = newest({ limit: 2, cursor: one.nextCursor });
    const two = second.finish(await select(second));
    expect([one.items.map(({ id }) => id), two.items.map(({ id }) => id)]).toEqual([
      [9004, 9003],
      [9002, 9001],
    ]);
    expect(two.nextCursor).toBeUndefined();
  });

  test("one direction is one range in the index", async () => {
    await db.database.query("CREATE INDEX item_newest ON item (created_at DESC, id DESC)");
    const page = newest({ limit: 2 });
    const { nextCursor } = page.finish([
      { id: 1, createdAt: new Date() },
      { id: 2, createdAt: new Date() },
      { id: 3, createdAt: new Date() },
    ] as never);
    const { where, orderBy, limit } = newest({ limit: 2, cursor: nextCursor });
    const query = db.database.orm
      .select()
      .from(items)
      .where(where)
      .orderBy(...orderBy)
      .limit(limit)
      .toSQL();
    const plan = await db.database.transact(async (tx) => {
      await tx.client.query("SET LOCAL enable_seqscan = off");
      return tx.client.query(`EXPLAIN ${query.sql}`, query.params);
    });
    const text = plan.rows.map((line) => line["QUERY PLAN"]).join("\n");
    expect(text).toMatch(/Index Cond: \(ROW\(created_at, id\) < ROW/);
    expect(text).not.toContain("Sort");
  });

  test("cursors of other lists, of other people's making and with wrong types are refused", () => {
    const refused = (cursor: string) => {
      try {
        newest({ cursor });
      } catch (error) {
        return isAppError(error, "page.cursor_invalid");
      }
      return false;
    };
    const other = mixed({ limit: 1 }).finish([{ id: 1, price: 1n, createdAt: new Date() }, { id: 2 }] as never);
    const forged = (...values: unknown[]) => Buffer.from(JSON.stringify(values)).toString("base64url");
    expect(refused(other.nextCursor ?? "")).toBe(true);
    expect(refused("garbage")).toBe(true);
    expect(refused(forged(1, "items:newest", "not a date", 1))).toBe(true);
    expect(refused(forged(1, "items:newest", "2026-01-01T00:00:00Z", "1; DROP TABLE item"))).toBe(true);
  });

  test("limits: the default, the ceiling, and nonsense", () => {
    expect(newest().limit).toBe(51);
    expect(newest({ limit: 0 }).limit).toBe(51);
    expect(newest({ limit: 1_000_000 }).limit).toBe(201);
    expect(() => newest({ limit: -1 })).toThrow("page size");
    expect(() => newest({ limit: 1.5 })).toThrow("page size");
  });

  test("orders that would skip rows are refused when they are defined", () => {
    const loose = pgTable("loose", {
      id: uuid("id").primaryKey(),
      at: timestamp("at").notNull(),
      maybe: text("maybe"),
    });
    const define = (column: "at" | "maybe") => () =>
      defineKeyset({ scope: "x", table: loose, sort: [{ column, direction: "asc" }] });
    expect(define("at")).toThrow("precision: 3");
    expect(define("maybe")).toThrow("nullable");
  });
});

describe("updateVersioned", () => {
  test("writes when the version is the one that was read, and counts up", async () => {
    await db.database.orm.insert(items).values({ id: 5001, owner: "v", price: 1n, createdAt: new Date() });
    const row = await updateVersioned(db.database.orm, items, { id: 5001, version: 1 }, { note: "first" });
    expect(row).toMatchObject({ version: 2, note: "first" });
  });

  test("of two writers with the same version one wins, the other conflicts", async () => {
    await db.database.orm.insert(items).values({ id: 5002, owner: "v", price: 1n, createdAt: new Date() });
    const write = (note: string) =>
      db.database.transact((tx) => updateVersioned(tx, items, { id: 5002, version: 1 }, { note }));
    const outcomes = await Promise.allSettled([write("a"), write("b")]);
    const lost = outcomes.filter((outcome) => outcome.status === "rejected");
    expect(lost).toHaveLength(1);
    expect(isAppError(lost[0]?.reason, "postgres.version_conflict") && lost[0]?.reason.kind).toBe("conflict");
  });
});
