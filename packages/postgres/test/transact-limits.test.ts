import { AppError, isAppError } from "@tandem/kernel";
import { createDatabase } from "@tandem/postgres";
import { pollUntil, type TestDatabase } from "@tandem/testkit";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { codeOf, createNoteDatabase, failure, idsIn } from "./note-table.ts";

let db: TestDatabase;
beforeAll(async () => {
  db = await createNoteDatabase();
});
afterAll(() => db.dispose());
beforeEach(() => db.database.query("TRUNCATE note"));
const ids = () => idsIn(db);

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
