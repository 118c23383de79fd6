import { newId } from "@tandem/kernel";
import { createSagaEngine, type SagaEngine, type SagaEngineOptions, sagaMigrations } from "@tandem/saga";
import { captureLog, createTestDatabase, manualClock } from "@tandem/testkit";
import { type Checkout, checkout, checkoutData, type Effect } from "./checkout-model.ts";

/** A database, a clock and engines whose `apply` appends to table `sent`: it stands for the outbox. */
export const makeFixture = async () => {
  const db = await createTestDatabase({ sets: [sagaMigrations] });
  await db.database.query("create table sent (no bigint generated always as identity, saga_id text, effect jsonb)");
  const clock = manualClock();
  const { log, lines } = captureLog();
  let failure: ((effects: readonly Effect[]) => Error | undefined) | undefined;

  const makeEngine = (more: Partial<SagaEngineOptions<Checkout>> = {}) =>
    createSagaEngine<Checkout>({
      saga: checkout,
      database: db.database,
      clock,
      log,
      timers: { maxPollMs: 10, leaseMs: 1_000, maxAttempts: 2 },
      apply: async (tx, effects, { saga }) => {
        await tx.client.query(
          "insert into sent (saga_id, effect) select $1, e from jsonb_array_elements($2::jsonb) e",
          [saga.id, JSON.stringify(effects)],
        );
        const error = failure?.(effects);
        if (error) throw error;
      },
      ...more,
    });
  const engine = makeEngine();

  return {
    db,
    clock,
    lines,
    engine,
    makeEngine,
    /** From now on `apply` throws this, after it has written. */
    failApply: (error: Error | undefined) => {
      failure = error && (() => error);
    },
    start: (id: string, of: SagaEngine<Checkout> = engine) =>
      db.database.transact((tx) => of.start(tx, id, checkoutData(id))),
    handle: (id: string, event: Checkout["event"], eventId = newId(), of: SagaEngine<Checkout> = engine) =>
      db.database.transact((tx) => of.lockAndHandle(tx, id, event, { id: eventId, source: "test" })),
    sent: async (id: string) => {
      const text = "select effect->>'kind' as kind from sent where saga_id = $1 order by no";
      return (await db.database.query<{ kind: string }>(text, [id])).rows.map(({ kind }) => kind);
    },
    timerOf: async (id: string) =>
      (await db.database.query("select version, fire_at, attempts from tandem.saga_timer where id = $1", [id])).rows[0],
    /** Runs a worker's timers while `work` runs. */
    withTimers: async (work: () => Promise<void>, { timers } = makeEngine()) => {
      await timers.start(new AbortController().signal);
      try {
        await work();
      } finally {
        await timers.stop();
      }
    },
    [Symbol.asyncDispose]: () => db.dispose(),
  };
};
export const reserved = { type: "stock_reserved", reservationId: "r1" } as const;
