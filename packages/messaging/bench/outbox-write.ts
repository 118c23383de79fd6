// What the outbox adds to a write transaction: short slices with and without in turn, on a durable Postgres.
import { newId } from "@tandem/kernel";
import type { Transaction } from "@tandem/postgres";
import { createOutbox } from "../src/outbox.ts";
import { onLocalWake } from "../src/wake.ts";
import { orderEvent } from "./payload.ts";
import { processorMs } from "./processor-time.ts";
import { median, rate, spread } from "./report.ts";
import { startBenchDatabase } from "./start-database.ts";

const SLICES = Number(process.argv[2] ?? 16);
const MS = Number(process.argv[3] ?? 700);
const say = (line: string) => process.stdout.write(`${line}\n`);

await using bench = await startBenchDatabase();
for (const connections of [1, 8]) {
  const database = bench.open(`write ${connections}`, connections);
  if (process.env.NOWAKE) onLocalWake(database, () => {});
  await database.query(`
    create table if not exists orders (id uuid primary key, customer_id uuid, status text, version int, body jsonb, created_at timestamptz default now());
    create index if not exists orders_customer on orders (customer_id, created_at);
    create table if not exists stock (id int primary key, available int, version int);
    insert into stock select g, 1000000, 1 from generate_series(1, 1000) g on conflict do nothing`);
  const outbox = createOutbox({ database, source: "order" });
  const business = async ({ client }: Transaction, id: string, body: string) => {
    await client.query({
      name: "order",
      text: "insert into orders (id, customer_id, status, version, body) values ($1, $2, 'PENDING', 1, $3)",
      values: [id, newId(), body],
    });
    await client.query({
      name: "stock",
      text: "update stock set available = available - 1, version = version + 1 where id = $1",
      values: [1 + Math.floor(Math.random() * 1_000)],
    });
  };
  const ways = {
    plain: () => {
      const event = orderEvent();
      return database.transact((tx) => business(tx, event.subject, event.data));
    },
    outbox: () => {
      const event = orderEvent();
      return database.transact(async (tx) => {
        await business(tx, event.subject, event.data);
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
    `${connections} connections: plain ${spread(rates.plain)}/s, with outbox ${spread(rates.outbox)}/s, cost ${(median(pairs) * 100).toFixed(1)} %; ` +
      `processor per transaction: node ${spread(node.plain)} -> ${spread(node.outbox)} us, postgres ${spread(server.plain)} -> ${spread(server.outbox)} us`,
  );
}
