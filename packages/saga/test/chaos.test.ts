import { newId } from "@tandem/kernel";
import { createSagaEngine, type SagaEngine, sagaMigrations } from "@tandem/saga";
import { createTestDatabase, manualClock, pollUntil, readSeed, type TestDatabase } from "@tandem/testkit";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type Checkout, checkout, checkoutData, type Effect } from "./checkout-model.ts";
import { makeWorld, violation } from "./checkout-world.ts";

let db: TestDatabase;
beforeAll(async () => {
  db = await createTestDatabase({ sets: [sagaMigrations], options: { maxConnections: 12 } });
  await db.database.query("create table sent (no bigint generated always as identity, id text, effect jsonb)");
});
afterAll(() => db.dispose());

const sagas = 60;
const replicas = 3;
const lanes = 6;

/** mulberry32: which dice fall is repeatable; how the transactions interleave is not. */
const makeRandom = (seed: number) => () => {
  seed = (seed + 0x6d2b79f5) | 0;
  let t = Math.imul(seed ^ (seed >>> 15), 1 | seed);
  t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
  return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
};

const seed = readSeed(process.env, "SEED");
test(`replicas, crashes before commit, repeats, disorder and timeouts at once: every saga ends whole (SEED=${seed})`, async () => {
  const random = makeRandom(seed);
  const clock = manualClock();
  const worlds = new Map(Array.from({ length: sagas }, () => [newId(), makeWorld((share) => random() < share)]));
  const told = new Map<string, string[]>();
  const makeEngine = () =>
    createSagaEngine<Checkout>({
      saga: checkout,
      database: db.database,
      clock,
      timers: { maxPollMs: 5, leaseMs: 50, concurrency: 2 },
      apply: async (tx, effects, { saga }) => {
        const values = [saga.id, JSON.stringify(effects)];
        await tx.client.query(
          "insert into sent (id, effect) select $1, e from jsonb_array_elements($2::jsonb) e",
          values,
        );
        if (random() < 0.1) throw new Error("crashed before commit");
      },
    });
  const first = makeEngine();
  const engines = [first, ...Array.from({ length: replicas - 1 }, makeEngine)];
  const anyEngine = (): SagaEngine<Checkout> => engines[Math.floor(random() * engines.length)] ?? first;
  const inbox: { readonly sagaId: string; readonly eventId: string; readonly event: Checkout["event"] }[] = [];

  /** Carries what was committed to the other services, and their answers into the inbox. */
  const carry = async () => {
    const { rows } = await db.database.query<{ no: string; id: string; effect: Effect }>(
      "with gone as (delete from sent returning *) select * from gone order by no",
    );
    for (const { id, effect } of rows) {
      if (effect.kind === "order") told.set(id, [...(told.get(id) ?? []), effect.status]);
      for (const event of worlds.get(id)?.handle(effect) ?? []) inbox.push({ sagaId: id, eventId: newId(), event });
    }
  };
  const deliverAny = async () => {
    const [message] = inbox.splice(Math.floor(random() * inbox.length), 1);
    if (!message) return;
    const { sagaId, event, eventId } = message;
    const again = random() < 0.2;
    const done = await db.database
      .transact((tx) => anyEngine().lockAndHandle(tx, sagaId, event, { id: eventId }))
      .then(() => true)
      .catch(() => false);
    if (again || !done) inbox.push(message); // as a broker does
  };

  for (const id of worlds.keys()) {
    await pollUntil(() => db.database.transact((tx) => anyEngine().start(tx, id, checkoutData(id))));
    if (random() < 0.2) inbox.push({ sagaId: id, eventId: newId(), event: { type: "cancel_requested" } });
  }
  const stop = new AbortController();
  await Promise.all(engines.map(({ timers }) => timers.start(stop.signal)));
  const allEnded = async () => {
    await Promise.all(Array.from({ length: lanes }, deliverAny));
    await carry();
    clock.advance(inbox.length > 0 ? random() * 2_000 : 60_000);
    const { rowCount } = await db.database.query("select from tandem.saga where status in ('running', 'compensating')");
    return rowCount === 0 && inbox.length === 0;
  };
  await pollUntil(allEnded, { timeoutMs: 60_000, intervalMs: 0, message: "every saga's end" });
  await Promise.all(engines.map(({ timers }) => timers.stop()));
  await carry();

  const statuses = new Set<string>();
  for (const [id, world] of worlds) {
    const { status } = await first.getById(id);
    statuses.add(status);
    expect(violation(status, world.facts), id).toBeUndefined();
    // Each change of the order was committed once, in an order that makes sense.
    const history = told.get(id)?.join(" ");
    if (status === "completed") expect(history).toBe("CONFIRMED COMPLETED");
    else expect(["CANCELLED", "CONFIRMED"]).toContain(history);
    const applied = (await first.listHistory(id)).filter(({ outcome, eventId }) => outcome === "applied" && eventId);
    expect(new Set(applied.map(({ eventId }) => eventId)).size).toBe(applied.length);
  }
  expect([...statuses]).toEqual(expect.arrayContaining(["completed", "compensated"]));
  const { rowCount } = await db.database.query("select from tandem.saga_timer");
  expect(rowCount).toBe(0);
}, 90_000);
