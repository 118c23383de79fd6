import { createPostgresLeaseStore, postgresMigrations } from "@tandem/postgres";
import { createTestDatabase, pollUntil, type TestDatabase } from "@tandem/testkit";
import { afterAll, beforeAll, expect, test } from "vitest";

let db: TestDatabase;
beforeAll(async () => {
  db = await createTestDatabase({ sets: [postgresMigrations] });
});
afterAll(() => db.dispose());

test("of many who want a lease at once one gets it", async () => {
  const store = createPostgresLeaseStore(db.database);
  const grants = await Promise.all(Array.from({ length: 20 }, (_, at) => store.acquire("one", `owner-${at}`, 60_000)));
  expect(grants.filter((grant) => grant !== undefined)).toHaveLength(1);
});

test("every grant has a higher token than the one before", async () => {
  const store = createPostgresLeaseStore(db.database);
  const first = await store.acquire("rising", "a", 60_000);
  expect(await store.release("rising", "a", first?.token ?? 0n)).toBe(true);
  const second = await store.acquire("rising", "b", 60_000);
  expect(second?.token).toBeGreaterThan(first?.token ?? 0n);
});

test("a lease that ran out is free, and its former holder can neither renew nor release it", async () => {
  const store = createPostgresLeaseStore(db.database);
  const old = await store.acquire("short", "a", 1);
  const taken = await pollUntil(() => store.acquire("short", "b", 60_000));
  expect(taken.token).toBeGreaterThan(old?.token ?? 0n);
  expect(await store.renew("short", "a", old?.token ?? 0n, 60_000)).toBe(false);
  expect(await store.release("short", "a", old?.token ?? 0n)).toBe(false);
  expect(await store.renew("short", "b", taken.token, 60_000)).toBe(true);
});

test("a lease that ran out cannot be renewed even when nobody took it", async () => {
  const store = createPostgresLeaseStore(db.database);
  const { token } = (await store.acquire("late", "a", 1)) ?? { token: 0n };
  await pollUntil(
    async () =>
      (await db.database.query("SELECT 1 FROM tandem.lease WHERE resource = 'late' AND expires_at < clock_timestamp()"))
        .rowCount === 1,
  );
  expect(await store.renew("late", "a", token, 60_000)).toBe(false);
});
