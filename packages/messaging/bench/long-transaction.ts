// What a long idle transaction costs the queue: dead claims cannot be cleared away, and each claim walks over them.
import { createRelay } from "../src/create-relay.ts";
import type { EventPublisher } from "../src/events.ts";
import { createOutbox } from "../src/outbox.ts";
import { orderEvent } from "./payload.ts";
import { startBenchDatabase } from "./start-database.ts";

const ROUNDS = Number(process.argv[2] ?? 6);
const EVENTS = Number(process.argv[3] ?? 50_000);

await using bench = await startBenchDatabase();
const database = bench.open("writer", 4);
const outbox = createOutbox({ database, source: "order" });

for (const idle of [false, true]) {
  const holder = await database.pool.connect();
  if (idle) {
    await holder.query("set idle_in_transaction_session_timeout = 0");
    await holder.query("begin isolation level repeatable read");
    await holder.query("select pg_current_xact_id()");
  }
  for (let round = 1; round <= ROUNDS; round += 1) {
    for (let at = 0; at < EVENTS; at += 500)
      await database.transact((tx) => outbox.in(tx).add(...Array.from({ length: 500 }, () => orderEvent())));
    let published = 0;
    const done = Promise.withResolvers<void>();
    const publisher: EventPublisher = {
      publish: async (batch) => {
        published += batch.length;
        if (published >= EVENTS) done.resolve();
        return batch.map(({ id }) => ({ id, status: "sent" }));
      },
    };
    const relay = createRelay({ database, publisher });
    const startedAt = performance.now();
    await relay.start(new AbortController().signal);
    await done.promise;
    await relay.stop();
    const { rows } = await database.query(
      "select n_dead_tup as dead from pg_stat_user_tables where relname = 'outbox_claim'",
    );
    const perSecond = Math.round((EVENTS * 1_000) / (performance.now() - startedAt));
    process.stdout.write(
      `${idle ? "idle transaction" : "none"}, after ${round * EVENTS}: ${perSecond}/s, dead ${rows[0]?.["dead"]}\n`,
    );
  }
  await holder.query("rollback");
  holder.release();
}
