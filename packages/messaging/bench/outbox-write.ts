// What the outbox adds to a write transaction: short slices with and without in turn, on a durable Postgres.
import { createOutbox } from "../src/outbox.ts";
import { businesses } from "./business.ts";
import { orderEvent } from "./payload.ts";
import { processorMs } from "./processor-time.ts";
import { median, rate, spread } from "./report.ts";
import { startBenchDatabase } from "./start-database.ts";

const SLICES = Number(process.argv[2] ?? 16);
const MS = Number(process.argv[3] ?? 700);
const say = (line: string) => process.stdout.write(`${line}\n`);

await using bench = await startBenchDatabase();
for (const [business, connections] of businesses.flatMap((kind) => [1, 8].map((count) => [kind, count] as const))) {
  const database = bench.open(`${business.name} ${connections}`, connections);
  await business.prepare(database);
  const outbox = createOutbox({ database, source: "order" });
  const ways = {
    plain: () => {
      const event = orderEvent();
      return database.transact((tx) => business.write(tx, event.subject, event.data));
    },
    outbox: () => {
      const event = orderEvent();
      return database.transact(async (tx) => {
        await business.write(tx, event.subject, event.data);
        await outbox.in(tx).add(event);
      });
    },
  };
  const rates: Record<keyof typeof ways, number[]> = { plain: [], outbox: [] };
  const node: Record<keyof typeof ways, number[]> = { plain: [], outbox: [] };
  const server: Record<keyof typeof ways, number[]> = { plain: [], outbox: [] };
  await rate(connections, 500, ways.plain);
  await rate(connections, 500, ways.outbox);
  for (let slice = 0; slice < SLICES; slice += 1) {
    for (const way of ["plain", "outbox"] as const) {
      const before = processorMs(bench.postmaster);
      const perSecond = await rate(connections, MS, ways[way]);
      const after = processorMs(bench.postmaster);
      const done = (perSecond * MS) / 1_000;
      rates[way].push(perSecond);
      node[way].push(((after.node - before.node) / done) * 1_000);
      server[way].push(((after.postgres - before.postgres) / done) * 1_000);
    }
  }
  const pairs = rates.plain.map((plain, at) => 1 - (rates.outbox[at] ?? 0) / plain);
  say(
    `${business.name}, ${connections} connections: plain ${spread(rates.plain)}/s, with outbox ${spread(rates.outbox)}/s, cost ${(median(pairs) * 100).toFixed(1)} %; ` +
      `processor per transaction: node ${spread(node.plain)} -> ${spread(node.outbox)} us, postgres ${spread(server.plain)} -> ${spread(server.outbox)} us`,
  );
}
