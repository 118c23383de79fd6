import { createDatabase } from "@tandem/postgres";
import { createFaultProxy, createTestDatabase, manualClock, pollUntil } from "@tandem/testkit";
import { expect, test } from "vitest";

const codeOf = (promise: Promise<unknown>) =>
  promise.then(
    () => "passed",
    (error: { code?: string }) => error.code,
  );

test("through the proxy a database is cut off, down, frozen and back", async () => {
  await using direct = await createTestDatabase();
  await using proxy = await createFaultProxy({ target: direct.url });
  await using database = createDatabase({ name: "proxied", url: proxy.address, disposeTimeoutMs: 100 });
  await database.check();

  const sleeping = codeOf(database.query("SELECT pg_sleep(60)"));
  await pollUntil(() => database.pool.totalCount - database.pool.idleCount === 1);
  proxy.cut();
  expect(await sleeping).toBe("postgres.unavailable");
  await database.check();

  proxy.down();
  expect(await codeOf(database.check())).toBe("postgres.unavailable");
  proxy.restore();
  await pollUntil(() => database.check().then(() => true));

  proxy.freeze();
  expect(await codeOf(database.check(AbortSignal.timeout(50)))).toBe("postgres.deadline_exceeded");
  const waiting = database.query("SELECT 1 AS one");
  proxy.restore();
  expect((await waiting).rows).toEqual([{ one: 1 }]);
});

test("pollUntil returns what it waited for, and says what did not come", async () => {
  let asked = 0;
  expect(await pollUntil(() => (++asked === 3 ? "third" : undefined))).toBe("third");
  const never = pollUntil(() => Promise.reject(new Error("still down")), { timeoutMs: 1, message: "the broker" });
  await expect(never).rejects.toMatchObject({
    message: "the broker did not come true within 1 ms",
    cause: new Error("still down"),
  });
});

test("a manual clock moves only when told", () => {
  const clock = manualClock(new Date(1_000));
  clock.advance(500);
  const then = clock.now();
  clock.set(new Date(9_000));
  expect([then.getTime(), clock.now().getTime()]).toEqual([1_500, 9_000]);
});
