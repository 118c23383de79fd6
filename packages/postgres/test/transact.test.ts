import { createDatabase, isUniqueViolation, makeUnitOfWork } from "@tandem/postgres";
import type { TestDatabase } from "@tandem/testkit";
import { sql } from "drizzle-orm";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { codeOf, createNoteDatabase, failure, idsIn } from "./note-table.ts";

let db: TestDatabase;
beforeAll(async () => {
  db = await createNoteDatabase();
});
afterAll(() => db.dispose());
beforeEach(() => db.database.query("TRUNCATE note"));
const ids = () => idsIn(db);
const fail = (message: string): never => {
  throw new Error(message);
};

describe("commit and rollback", () => {
  test("what the work did commits together, through drizzle and raw SQL alike", async () => {
    const result = await db.database.transact(async (tx) => {
      await tx.execute(sql`INSERT INTO note (id) VALUES (1)`);
      await tx.client.query("INSERT INTO note (id) VALUES ($1)", [2]);
      return "done";
    });
    expect(result).toBe("done");
    expect(await ids()).toEqual([1, 2]);
  });

  test("a throw rolls everything back and comes out unchanged", async () => {
    const thrown = new Error("no");
    const error = await failure(
      db.database.transact(async (tx) => {
        await tx.client.query("INSERT INTO note (id) VALUES (1)");
        throw thrown;
      }),
    );
    expect(error).toBe(thrown);
    expect(await ids()).toEqual([]);
  });

  test("a swallowed failure cannot turn into a silent rollback", async () => {
    const work = db.database.transact(async (tx) => {
      await tx.client.query("INSERT INTO note (id) VALUES (1)");
      await tx.client.query("INSERT INTO note (id) VALUES (1)").catch(() => {});
    });
    expect(await codeOf(work)).toBe("internal postgres.rolled_back");
    expect(await ids()).toEqual([]);
  });

  test("a statement that nobody awaited fails the transaction instead of racing the commit", async () => {
    const work = db.database.transact(async (tx) => {
      tx.client.query("INSERT INTO note (id) SELECT 1 FROM pg_sleep(0.05)").catch(() => {});
    });
    expect(await codeOf(work)).toBe("internal postgres.statement_not_awaited");
    expect(await ids()).toEqual([]);
  });

  test("a handle that outlives its transaction is dead", async () => {
    let late: (() => Promise<unknown>) | undefined;
    await db.database.transact(async (tx) => {
      late = () => tx.client.query("INSERT INTO note (id) VALUES (9)");
    });
    expect(await codeOf(late?.() ?? Promise.resolve())).toBe("internal postgres.transaction_ended");
    expect(await ids()).toEqual([]);
  });

  test("the first statement's error does not depend on BEGIN having been awaited", async () => {
    const error = await failure(db.database.transact((tx) => tx.client.query("INSERT INTO nowhere VALUES (1)")));
    expect(error).toMatchObject({ code: "42P01" });
    await db.database.transact((tx) => tx.client.query("INSERT INTO note (id) VALUES (3)"));
    expect(await ids()).toEqual([3]);
  });

  test("drizzle's errors are Postgres' own, and do not carry the parameters", async () => {
    const work = db.database.transact(async (tx) => {
      await tx.execute(sql`INSERT INTO note (id, body) VALUES (1, ${"4111111111111111"})`);
      await tx.execute(sql`INSERT INTO note (id, body) VALUES (1, ${"4111111111111111"})`);
    });
    const error = (await failure(work)) as Error;
    expect(isUniqueViolation(error, "note_pkey")).toBe(true);
    expect(isUniqueViolation(error, "other")).toBe(false);
    expect(`${error.message} ${error.stack}`).not.toContain("4111");
  });

  test("orm.transaction is transact", async () => {
    await failure(
      db.database.orm.transaction(async (tx) => {
        await tx.execute(sql`INSERT INTO note (id) VALUES (1)`);
        throw new Error("no");
      }),
    );
    expect(await ids()).toEqual([]);
  });
});

test("a unit of work binds its repositories to the transaction, and its signal ends it", async () => {
  const uow = makeUnitOfWork(db.database, (tx) => ({
    notes: { add: (id: number) => tx.client.query("INSERT INTO note (id) VALUES ($1)", [id]) },
  }));
  await uow.transact(({ notes }) => notes.add(1));
  await failure(
    uow.transact(async ({ notes }) => {
      await notes.add(2);
      throw new Error("no");
    }),
  );
  expect(await codeOf(uow.transact(({ notes }) => notes.add(3), AbortSignal.abort()))).toBe(
    "cancelled postgres.cancelled",
  );
  expect(await ids()).toEqual([1]);
});

describe("hooks after commit", () => {
  test("run once after the outermost commit, in order, and their errors hurt nobody", async () => {
    const seen: string[] = [];
    await db.database.transact(async (tx) => {
      await db.database.transact(async (inner) => {
        inner.afterCommit(() => seen.push(`inner`));
        inner.afterCommit(() => {
          throw new Error("bad hook");
        });
      });
      expect(seen).toEqual([]);
      tx.afterCommit(() => seen.push("outer"));
    });
    expect(seen).toEqual(["inner", "outer"]);
  });

  test("do not run on rollback, nor for the tries before the one that commits", async () => {
    const seen: number[] = [];
    let attempt = 0;
    await db.database.transact(async (tx) => {
      attempt += 1;
      const mine = attempt;
      tx.afterCommit(() => seen.push(mine));
      if (attempt < 3) await tx.client.query("DO $$ BEGIN RAISE SQLSTATE '40001'; END $$");
    });
    expect(seen).toEqual([3]);
  });

  test("open transactions of their own", async () => {
    let second: Promise<unknown> | undefined;
    await db.database.transact(async (tx) => {
      tx.afterCommit(() => {
        second = db.database.transact((next) => next.client.query("INSERT INTO note (id) VALUES (5)"));
      });
    });
    await second;
    expect(await ids()).toEqual([5]);
  });
});

describe("statements that travel with COMMIT", () => {
  test("are in the transaction, also those of a joined one", async () => {
    await db.database.transact(async (tx) => {
      tx.atCommit(() => tx.client.query("INSERT INTO note (id) VALUES (1)"));
      await db.database.transact(async (inner) => {
        inner.atCommit(() => inner.client.query("INSERT INTO note (id) VALUES (2)"));
      });
      expect(await ids()).toEqual([]);
    });
    expect(await ids()).toEqual([1, 2]);
  });

  test("are not sent when the work fails", async () => {
    await failure(
      db.database.transact(async (tx) => {
        tx.atCommit(() => tx.client.query("INSERT INTO note (id) VALUES (1)"));
        throw new Error("no");
      }),
    );
    expect(await ids()).toEqual([]);
  });

  test("fail the transaction with their own error", async () => {
    const error = await failure(
      db.database.transact(async (tx) => {
        await tx.client.query("INSERT INTO note (id) VALUES (1)");
        tx.atCommit(() => tx.client.query("INSERT INTO note (id) VALUES (1)"));
      }),
    );
    expect(isUniqueViolation(error)).toBe(true);
    expect(await ids()).toEqual([]);
  });

  test.each([
    ["a parameter", { text: "INSERT INTO note (id) VALUES ($1)", values: [{ toPostgres: () => fail("unsendable") }] }],
    ["a name that another statement has", { name: "taken", text: "INSERT INTO note (id) VALUES (2)" }],
    ["values that are no list", { text: "INSERT INTO note (id) VALUES ($1)", values: { length: 1 } as unknown as [] }],
  ])("that cannot be sent, for the sake of %s, keep COMMIT from being sent", async (_, unsendable) => {
    await failure(
      db.database.transact(async (tx) => {
        await tx.client.query({ name: "taken", text: "INSERT INTO note (id) VALUES (1)" });
        tx.atCommit(() => tx.client.query(unsendable));
      }),
    );
    expect(await ids()).toEqual([]);
  });

  test("are repeated with the work after a serialization failure", async () => {
    let attempt = 0;
    await db.database.transact(async (tx) => {
      attempt += 1;
      const failing = attempt < 3;
      tx.atCommit(() => tx.client.query("INSERT INTO note (id) VALUES (7)"));
      tx.atCommit(async () => {
        if (failing) await tx.client.query("DO $$ BEGIN RAISE SQLSTATE '40001'; END $$");
      });
    });
    expect(attempt).toBe(3);
    expect(await ids()).toEqual([7]);
  });
});

test("an atCommit hook that fails after the commit is told from one that rolled it back", async () => {
  const work = db.database.transact(async (tx) => {
    tx.atCommit(async () => {
      await tx.client.query("INSERT INTO note (id) VALUES (1)");
      throw new Error("too late");
    });
  });
  expect(await codeOf(work)).toBe("internal postgres.at_commit_failed");
  expect(await ids()).toEqual([1]);
});

describe("joining", () => {
  test("a nested transact is part of the outer one", async () => {
    await failure(
      db.database.transact(async (tx) => {
        await tx.client.query("INSERT INTO note (id) VALUES (1)");
        await db.database.transact(async (inner) => {
          expect(inner).toBe(tx);
          await inner.client.query("INSERT INTO note (id) VALUES (2)");
        });
        throw new Error("no");
      }),
    );
    expect(await ids()).toEqual([]);
  });

  test("another database is another transaction", async () => {
    await using other = createDatabase({ name: "other", url: db.url });
    await failure(
      db.database.transact(async (tx) => {
        await tx.client.query("INSERT INTO note (id) VALUES (1)");
        await other.transact((inner) => inner.client.query("INSERT INTO note (id) VALUES (2)"));
        throw new Error("no");
      }),
    );
    expect(await ids()).toEqual([2]);
  });

  test("a stricter isolation cannot be joined into", async () => {
    const work = db.database.transact(() => db.database.transact(async () => {}, { isolation: "serializable" }));
    expect(await codeOf(work)).toBe("internal postgres.isolation_mismatch");
  });

  test("work started inside and finished after opens a transaction of its own", async () => {
    const gate = Promise.withResolvers<void>();
    let late: Promise<unknown> | undefined;
    await db.database.transact(async () => {
      late = gate.promise.then(() => db.database.transact((tx) => tx.client.query("INSERT INTO note (id) VALUES (7)")));
    });
    gate.resolve();
    await late;
    expect(await ids()).toEqual([7]);
  });
});
