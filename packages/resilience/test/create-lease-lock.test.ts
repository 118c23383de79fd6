import { createPostgresLeaseStore, postgresMigrations } from "@tandem/postgres";
import { createLeaseLock, type LeaseStore } from "@tandem/resilience";
import { createTestDatabase, pollUntil, type TestDatabase } from "@tandem/testkit";
import { afterAll, beforeAll, describe, expect, test } from "vitest";

/** A store whose time stands still until a lease is taken away by hand. */
const memoryStore = () => {
  const held = new Map<string, { owner: string; token: bigint }>();
  let tokens = 0n;
  let renew: () => Promise<boolean> = async () => true;
  let renewals = 0;
  const mine = (name: string, owner: string, token: bigint) =>
    held.get(name)?.owner === owner && held.get(name)?.token === token;
  const store: LeaseStore = {
    acquire: async (name, owner) => {
      if (held.has(name)) return undefined;
      held.set(name, { owner, token: ++tokens });
      return { token: tokens };
    },
    renew: async (name, owner, token) => {
      renewals++;
      return mine(name, owner, token) && (await renew());
    },
    release: async (name, owner, token) => mine(name, owner, token) && held.delete(name),
  };
  return {
    store,
    held,
    get renewals() {
      return renewals;
    },
    onRenew: (answer: () => Promise<boolean>) => {
      renew = answer;
    },
  };
};
const aborted = (signal: AbortSignal) => pollUntil(() => signal.aborted);

describe("a lease", () => {
  test("keeps others out until it is released, and each grant's token is higher", async () => {
    const { store } = memoryStore();
    const [one, two] = [createLeaseLock({ store, owner: "one" }), createLeaseLock({ store, owner: "two" })];
    const first = await one.tryAcquire("rebuild");
    expect(first).toBeDefined();
    expect(await two.tryAcquire("rebuild")).toBeUndefined();
    expect(await two.tryAcquire("other")).toBeDefined();
    await first?.release();
    const second = await two.tryAcquire("rebuild");
    expect(second?.token).toBeGreaterThan(first?.token ?? 0n);
  });

  test("can be waited for, and the waiting given up", async () => {
    const { store } = memoryStore();
    const lock = createLeaseLock({ store, owner: "one", pollMs: 1 });
    const first = await lock.acquire("rebuild");
    const second = lock.acquire("rebuild");
    const impatient = new AbortController();
    const third = lock.acquire("rebuild", impatient.signal);
    impatient.abort(new Error("enough"));
    await expect(third).rejects.toThrow("enough");
    await first.release();
    await expect(second).resolves.toMatchObject({ name: "rebuild" });
  });

  test("is renewed while it is held, and no more once released", async () => {
    const memory = memoryStore();
    // Long beside what a busy machine stands still: it would be lost.
    const lease = await createLeaseLock({ store: memory.store, owner: "one", leaseMs: 1_500 }).acquire("rebuild");
    await pollUntil(() => memory.renewals >= 2);
    expect(lease.signal.aborted).toBe(false);
    await lease.release();
    await lease.release(); // safe to repeat
    expect(memory.held.size).toBe(0);
    const { renewals } = memory;
    await new Promise((resolve) => setTimeout(resolve, 700));
    expect(memory.renewals).toBe(renewals);
  });

  test("taken by somebody else aborts its signal, and release leaves the other's alone", async () => {
    const memory = memoryStore();
    const lost: string[] = [];
    const lease = await createLeaseLock({
      store: memory.store,
      owner: "one",
      leaseMs: 30,
      onLost: (name) => lost.push(name),
    }).acquire("rebuild");
    memory.held.set("rebuild", { owner: "thief", token: 99n });
    await aborted(lease.signal);
    expect(lease.signal.reason).toMatchObject({ code: "lease.lost" });
    expect(lost).toEqual(["rebuild"]);
    await lease.release();
    expect(memory.held.get("rebuild")?.owner).toBe("thief");
  });

  test("survives a store that fails for a while, but not beyond its time", async () => {
    const memory = memoryStore();
    const lease = await createLeaseLock({ store: memory.store, owner: "one", leaseMs: 1_500 }).acquire("rebuild");
    let failures = 0;
    memory.onRenew(async () => {
      if (++failures === 1) throw new Error("store away");
      return true;
    });
    await pollUntil(() => memory.renewals >= 3);
    expect(lease.signal.aborted).toBe(false);
    memory.onRenew(async () => Promise.reject(new Error("store away")));
    await aborted(lease.signal);
  });

  test("is lost in time even when the renewal hangs", async () => {
    const memory = memoryStore();
    const lease = await createLeaseLock({ store: memory.store, owner: "one", leaseMs: 30 }).acquire("rebuild");
    memory.onRenew(() => new Promise(() => {}));
    await aborted(lease.signal);
    expect(memory.renewals).toBe(1);
  });
});

describe("on Postgres", () => {
  let db: TestDatabase;
  beforeAll(async () => {
    db = await createTestDatabase({ sets: [postgresMigrations] });
  });
  afterAll(() => db.dispose());

  test("of many who try at once one gets it; a dead holder's ends by itself", async () => {
    const store = createPostgresLeaseStore(db.database);
    const tries = await Promise.all(
      Array.from({ length: 10 }, (_, n) =>
        createLeaseLock({ store, owner: `w${n}`, leaseMs: 60_000 }).tryAcquire("rebuild"),
      ),
    );
    expect(tries.filter((lease) => lease !== undefined)).toHaveLength(1);
    const dead = await store.acquire("orphan", "dead", 50); // nobody renews it
    const heir = await createLeaseLock({ store, owner: "heir", pollMs: 5 }).acquire("orphan");
    expect(heir.token).toBeGreaterThan(dead?.token ?? 0n);
    await heir.release();
    await tries.find((lease) => lease)?.release();
  });
});
