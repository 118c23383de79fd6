// Committed -> published into a no-op sink: a backlog is drained, then a steady stream is followed.
import { createRelay } from "../src/create-relay.ts";
import type { EventPublisher } from "../src/events.ts";
import { createOutbox } from "../src/outbox.ts";
import { outboxBacklog } from "../src/outbox-stats.ts";
import { orderEvent } from "./payload.ts";
import { processorMs } from "./processor-time.ts";
import { rate, spread } from "./report.ts";
import { startBenchDatabase } from "./start-database.ts";

const EVENTS = Number(process.argv[2] ?? 60_000);
const ROUNDS = Number(process.argv[3] ?? 3);
const batchSize = Number(process.argv[4] ?? 500);
const pipeline = Number(process.argv[5] ?? 3);

await using bench = await startBenchDatabase();
const database = bench.open("drain", 8);
const outbox = createOutbox({ database, source: "order" });
const add = (count: number) =>
  database.transact((tx) => outbox.in(tx).add(...Array.from({ length: count }, () => orderEvent())));

const rates: number[] = [];
const node: number[] = [];
const server: number[] = [];
for (let round = 0; round < ROUNDS; round += 1) {
  for (let at = 0; at < EVENTS; at += 500) await add(500);
  let published = 0;
  const done = Promise.withResolvers<void>();
  const sink: EventPublisher = {
    publish: async (batch) => {
      published += batch.length;
      if (published >= EVENTS) done.resolve();
      return batch.map(({ id }) => ({ id, status: "sent" }));
    },
  };
  const relay = createRelay({ database, publisher: sink, batchSize, pipeline });
  const before = processorMs(bench.postmaster);
  const startedAt = performance.now();
  await relay.start(new AbortController().signal);
  await done.promise;
  // Before its connection, and the processor time of that, is gone.
  const after = processorMs(bench.postmaster);
  await relay.stop();
  rates.push((EVENTS * 1_000) / (performance.now() - startedAt));
  node.push(((after.node - before.node) / EVENTS) * 1_000);
  server.push(((after.postgres - before.postgres) / EVENTS) * 1_000);
}
process.stdout.write(
  `drain of ${EVENTS}, batch ${batchSize}, pipeline ${pipeline}: ${spread(rates)} events/s; processor per event: ` +
    `node ${spread(node)} us, postgres ${spread(server)} us\n`,
);

const latencies: number[] = [];
const addedAt = new Map<string, number>();
const sink: EventPublisher = {
  publish: async (batch) => {
    for (const { id } of batch) latencies.push(performance.now() - (addedAt.get(id) ?? 0));
    return batch.map(({ id }) => ({ id, status: "sent" }));
  },
};
const relay = createRelay({ database, publisher: sink, batchSize, pipeline });
await relay.start(new AbortController().signal);
await Promise.all(
  Array.from({ length: 1_000 }, async (_, n) => {
    await new Promise((resolve) => setTimeout(resolve, n * 5));
    const event = orderEvent();
    await database.transact((tx) => outbox.in(tx).add(event));
    addedAt.set(event.id, performance.now());
  }),
);
while ((await outboxBacklog(database)).pending > 0) await new Promise((resolve) => setTimeout(resolve, 10));
const sorted = latencies.sort((a, b) => a - b);
const at = (share: number) => sorted[Math.floor(sorted.length * share)]?.toFixed(1);
process.stdout.write(`200/s, commit -> published: p50 ${at(0.5)} ms, p99 ${at(0.99)} ms\n`);

const inserted = await rate(8, 5_000, () => add(20));
const { pending, leased } = await outboxBacklog(database);
process.stdout.write(
  `8 writers in the same process add 20 at a time: ${Math.round(inserted * 20)} events/s; behind when they stop: ${pending + leased}\n`,
);
await relay.stop();
