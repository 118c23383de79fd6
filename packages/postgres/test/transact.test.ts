import { AppError, isAppError } from "@tandem/kernel";
import {
  createDatabase,
  isUniqueViolation,
  makeUnitOfWork,
  runWithPrelude,
  type Transaction,
  withoutPrelude,
} from "@tandem/postgres";
import { createTestDatabase, pollUntil, type TestDatabase } from "@tandem/testkit";
import { sql } from "drizzle-orm";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";

let db: TestDatabase;

beforeAll(async () => {
  db = await createTestDatabase();
  await db.database.query("CREATE TABLE note (id int PRIMARY KEY, body text NOT NULL DEFAULT '')");
});
afterAll(() => db.dispose());
beforeEach(() => db.database.query("TRUNCATE note"));

const ids = async () =>
  (await db.database.query<{ id: number }>("SELECT id FROM note ORDER BY id")).rows.map(({ id }) => id);
const fail = (message: string): never => {
  throw new Error(message);
};

const failure = (promise: Promise<unknown>) =>
  promise.then(
    () => {
      throw new Error("it passed");
    },
    (error: unknown) => error,
  );
const codeOf = async (promise: Promise<unknown>) => {
  const error = await failure(promise);
  return error instanceof AppError ? `${error.kind} ${error.code}` : error;
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

describe("retry", () => {
  test("write skew under serializable is retried until one order of events exists", async () => {
    await db.database.query("INSERT INTO note (id, body) VALUES (1, 'on'), (2, 'on')");
    const bothRead = Promise.withResolvers<void>();
    let reads = 0;
    let tries = 0;
    const switchOff = (id: number) =>
      db.database.transact(
        async (tx) => {
          tries += 1;
          const { rows } = await tx.client.query("SELECT count(*)::int AS n FROM note WHERE body = 'on'");
          reads += 1;
          if (reads === 2) bothRead.resolve();
          await bothRead.promise;
          if (rows[0].n > 1) await tx.client.query("UPDATE note SET body = 'off' WHERE id = $1", [id]);
        },
        { isolation: "serializable" },
      );
    await Promise.all([switchOff(1), switchOff(2)]);
    const { rows } = await db.database.query("SELECT count(*)::int AS n FROM note WHERE body = 'on'");
    expect(rows[0]?.["n"]).toBe(1);
    expect(tries).toBe(3);
  });

  test("a deadlock is broken and both get through", async () => {
    await db.database.query("INSERT INTO note (id) VALUES (1), (2)");
    const meet = Promise.withResolvers<void>();
    let holding = 0;
    const touch = (first: number, second: number) =>
      db.database.transact(async (tx) => {
        await tx.client.query("UPDATE note SET body = body || 'x' WHERE id = $1", [first]);
        holding += 1;
        if (holding === 2) meet.resolve();
        await meet.promise;
        await tx.client.query("UPDATE note SET body = body || 'x' WHERE id = $1", [second]);
      });
    await Promise.all([touch(1, 2), touch(2, 1)]);
    const { rows } = await db.database.query<{ body: string }>("SELECT body FROM note");
    expect(rows.map(({ body }) => body)).toEqual(["xx", "xx"]);
  });

  test("a failure that repeats ends as a retryable conflict after the last try", async () => {
    await using database = createDatabase({ name: "three", url: db.url, maxAttempts: 3 });
    let tries = 0;
    const work = database.transact(async (tx) => {
      tries += 1;
      await tx.client.query("DO $$ BEGIN RAISE SQLSTATE '40P01'; END $$");
    });
    const error = await failure(work);
    expect(isAppError(error, "postgres.serialization_failure") && error.retryable).toBe(true);
    expect(tries).toBe(3);
  });
});

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

describe("limits", () => {
  test("an abort cancels the running statement, rolls back and gives the lock free", async () => {
    const abort = new AbortController();
    const work = db.database.transact(
      async (tx) => {
        await tx.client.query("INSERT INTO note (id) VALUES (1)");
        await tx.client.query("SELECT pg_sleep(60) AS tandem_sleeper");
      },
      { signal: abort.signal },
    );
    const sleepers = async () =>
      (
        await db.database.query(
          "SELECT 1 FROM pg_stat_activity WHERE state = 'active' AND query LIKE '%tandem_sleeper' AND pid <> pg_backend_pid()",
        )
      ).rowCount;
    await pollUntil(async () => (await sleepers()) === 1);
    abort.abort();
    expect(await codeOf(work)).toBe("cancelled postgres.cancelled");
    await pollUntil(async () => (await sleepers()) === 0, { timeoutMs: 3_000, message: "the statement's end" });
    expect(await ids()).toEqual([]);
  });

  test("an abort while the work is busy elsewhere rolls back and reuses the connection", async () => {
    await using database = createDatabase({ name: "one", url: db.url, maxConnections: 1 });
    const abort = new AbortController();
    const work = database.transact(
      async (tx) => {
        await tx.client.query("INSERT INTO note (id) VALUES (1)");
        abort.abort(new AppError("deadline_exceeded", "rpc.deadline", "too late"));
        await new Promise(() => {});
      },
      { signal: abort.signal },
    );
    expect(await codeOf(work)).toBe("deadline_exceeded rpc.deadline");
    expect((await database.query("SELECT count(*)::int AS n FROM note")).rows).toEqual([{ n: 0 }]);
  });

  test("a signal that has aborted opens nothing", async () => {
    const work = db.database.transact(async () => "never", { signal: AbortSignal.abort() });
    expect(await codeOf(work)).toBe("cancelled postgres.cancelled");
  });

  test("a deadline is told from a cancellation", async () => {
    const query = db.database.query("SELECT pg_sleep(60)", [], AbortSignal.timeout(50));
    expect(await codeOf(query)).toBe("deadline_exceeded postgres.deadline_exceeded");
  });

  test("no free connection in time is unavailable, and the pool serves again afterwards", async () => {
    await using database = createDatabase({ name: "one", url: db.url, maxConnections: 1, acquireTimeoutMs: 30_000 });
    const [held, gate] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
    const holder = database.transact(async () => {
      held.resolve();
      await gate.promise;
    });
    await held.promise;
    // Only now, so that a slow machine has its time to connect.
    database.pool.options.connectionTimeoutMillis = 20;
    expect(await codeOf(database.query("SELECT 1"))).toBe("unavailable postgres.acquire_timeout");
    gate.resolve();
    await holder;
    database.pool.options.connectionTimeoutMillis = 30_000;
    await database.check();
  });

  test("an abort while waiting for a connection loses none", async () => {
    await using database = createDatabase({ name: "one", url: db.url, maxConnections: 1 });
    const gate = Promise.withResolvers<void>();
    const holder = database.transact(() => gate.promise);
    const abort = new AbortController();
    const waiting = database.query("SELECT 1", [], abort.signal);
    abort.abort();
    expect(await codeOf(waiting)).toBe("cancelled postgres.cancelled");
    gate.resolve();
    await holder;
    await database.check();
    expect(database.pool.waitingCount).toBe(0);
  });

  test("statement and lock timeouts are the session's", async () => {
    await using impatient = createDatabase({ name: "impatient", url: db.url, statementTimeoutMs: 50 });
    expect(await codeOf(impatient.query("SELECT pg_sleep(60)"))).toBe("deadline_exceeded postgres.statement_timeout");
    await using polite = createDatabase({ name: "polite", url: db.url, lockTimeoutMs: 50 });
    await db.database.query("INSERT INTO note (id) VALUES (1)");
    await db.database.transact(async (tx) => {
      await tx.client.query("UPDATE note SET body = 'held' WHERE id = 1");
      const blocked = polite.query("UPDATE note SET body = 'mine' WHERE id = 1");
      expect(await codeOf(blocked)).toBe("unavailable postgres.lock_timeout");
    });
  });

  test("a session that idles in a transaction is ended, and the process lives", async () => {
    await using database = createDatabase({ name: "idle", url: db.url, idleInTransactionTimeoutMs: 50 });
    const work = database.transact(async (tx) => {
      await tx.client.query("INSERT INTO note (id) VALUES (1)");
      await pollUntil(async () => {
        const left = await db.database.query("SELECT 1 FROM pg_stat_activity WHERE application_name = 'idle'");
        return left.rowCount === 0;
      });
      await tx.client.query("INSERT INTO note (id) VALUES (2)");
    });
    expect(await codeOf(work)).toBe("unavailable postgres.unavailable");
    expect(await ids()).toEqual([]);
    await database.check();
  });

  test("a server that ends the session in mid-statement is unavailable, and the next call gets a new connection", async () => {
    const work = db.database.transact(async (tx) => {
      const { rows } = await tx.client.query("SELECT pg_backend_pid() AS pid");
      await Promise.all([
        tx.client.query("SELECT pg_sleep(60)"),
        db.database.query("SELECT pg_terminate_backend($1)", [rows[0].pid]),
      ]);
    });
    expect(await codeOf(work)).toBe("unavailable postgres.unavailable");
    await db.database.check();
  });

  test("dispose cuts a connection that nobody gives back", async () => {
    const database = createDatabase({ name: "forgetful", url: db.url, disposeTimeoutMs: 20 });
    const inserted = Promise.withResolvers<void>();
    const work = database.transact(async (tx) => {
      await tx.client.query("INSERT INTO note (id) VALUES (1)");
      inserted.resolve();
      await new Promise(() => {});
    });
    await inserted.promise;
    await database.dispose();
    await expect(Promise.race([work, "still open"])).resolves.toBe("still open");
    expect(await ids()).toEqual([]);
  });

  test("no server at all is unavailable", async () => {
    await using database = createDatabase({ name: "gone", url: "postgres://nobody:secret@127.0.0.1:1/none" });
    const error = (await failure(database.transact(async () => {}))) as AppError;
    expect(error).toMatchObject({ kind: "unavailable", code: "postgres.unavailable", retryable: true });
    expect(error.message).not.toContain("secret");
  });
});
