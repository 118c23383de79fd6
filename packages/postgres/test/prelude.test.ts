import { runWithPrelude, type Transaction, withoutPrelude } from "@tandem/postgres";
import type { TestDatabase } from "@tandem/testkit";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { codeOf, createNoteDatabase, failure, idsIn } from "./note-table.ts";

let db: TestDatabase;
beforeAll(async () => {
  db = await createNoteDatabase();
});
afterAll(() => db.dispose());
beforeEach(() => db.database.query("TRUNCATE note"));
const ids = () => idsIn(db);

describe("prelude", () => {
  const insert = (id: number) => db.database.transact((tx) => tx.client.query(`INSERT INTO note (id) VALUES (${id})`));

  test("runs first in the transaction that the function opens, and commits with it", async () => {
    const order: string[] = [];
    await runWithPrelude(
      async (tx) => {
        order.push("prelude");
        await tx.client.query("INSERT INTO note (id) VALUES (1)");
      },
      () =>
        db.database.transact(async (tx) => {
          order.push("work");
          await tx.client.query("INSERT INTO note (id) VALUES (2)");
        }),
    );
    expect(order).toEqual(["prelude", "work"]);
    expect(await ids()).toEqual([1, 2]);
  });

  test("its refusal rolls back what the work has begun beside it, and ends the work there", async () => {
    const refusal = new Error("seen before");
    const ended = Promise.withResolvers<unknown>();
    const error = await failure(
      runWithPrelude(
        async (tx) => {
          await tx.client.query("SELECT 1");
          throw refusal;
        },
        () =>
          db.database.transact(async (tx) => {
            try {
              for (let id = 1; ; id += 1) await tx.client.query("INSERT INTO note (id) VALUES ($1)", [id]);
            } catch (error) {
              ended.resolve(error);
            }
          }),
      ),
    );
    expect(error).toBe(refusal);
    expect(await ended.promise).toMatchObject({ code: "postgres.transaction_ended" });
    expect(await ids()).toEqual([]);
  });

  test("its refusal is what the caller sees, also where the work fails before it is known", async () => {
    const refusal = new Error("seen before");
    const refuse = async (tx: Transaction) => {
      await tx.client.query("SELECT pg_sleep(0.01)");
      throw refusal;
    };
    const error = await failure(
      runWithPrelude(refuse, () => db.database.transact(() => Promise.reject(new Error("on its own")))),
    );
    expect(error).toBe(refusal);
  });

  test("a second transaction is refused, one after the other and side by side", async () => {
    const prelude = async () => {};
    const inTurn = runWithPrelude(prelude, async () => {
      await insert(1);
      await insert(2);
    });
    expect(await codeOf(inTurn)).toBe("internal postgres.second_transaction");
    const atOnce = await runWithPrelude(prelude, () => Promise.allSettled([insert(3), insert(4)]));
    expect(atOnce.map(({ status }) => status)).toEqual(["fulfilled", "rejected"]);
    expect(await ids()).toEqual([1, 3]);
  });

  test("a nested transact is no second one", async () => {
    await runWithPrelude(
      async () => {},
      () => db.database.transact(() => insert(1)),
    );
    expect(await ids()).toEqual([1]);
  });

  test("after a rollback the next transaction runs it again", async () => {
    let preludes = 0;
    await runWithPrelude(
      async () => {
        preludes += 1;
      },
      async () => {
        await failure(db.database.transact(() => Promise.reject(new Error("no"))));
        await insert(1);
      },
    );
    expect(preludes).toBe(2);
    expect(await ids()).toEqual([1]);
  });

  test("runs again with every retry", async () => {
    let preludes = 0;
    await runWithPrelude(
      async () => {
        preludes += 1;
      },
      () =>
        db.database.transact(async (tx) => {
          if (preludes < 3) await tx.client.query("DO $$ BEGIN RAISE SQLSTATE '40001'; END $$");
        }),
    );
    expect(preludes).toBe(3);
  });

  test("what a hook starts after the commit is outside of it", async () => {
    let refreshed: Promise<unknown> | undefined;
    await runWithPrelude(
      async () => {},
      () =>
        db.database.transact(async (tx) => {
          tx.afterCommit(() => {
            refreshed = insert(6);
          });
        }),
    );
    await refreshed;
    expect(await ids()).toEqual([6]);
  });

  test("work outside of it may use transactions freely", async () => {
    await runWithPrelude(
      async () => {},
      async () => {
        await insert(1);
        await withoutPrelude(() => insert(2));
      },
    );
    expect(await ids()).toEqual([1, 2]);
  });
});
