// What the outbox adds to a write transaction: interleaved rounds with and without, on a durable Postgres.
import { newId } from "@tandem/kernel";
import type { Transaction } from "@tandem/postgres";
import { createOutbox } from "../src/outbox.ts";
import { orderEvent } from "./payload.ts";
import { median, rate, spread } from "./report.ts";
import { startBenchDatabase } from "./start-database.ts";

const ROUNDS = Number(process.argv[2] ?? 5);
const MS = Number(process.argv[3] ?? 3_000);

await using bench = await startBenchDatabase();
for (const connections of [1, 8]) {
  const database = bench.open(`write ${connections}`, connections);
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
  const plain = () => {
    const event = orderEvent();
    return database.transact((tx) => business(tx, event.subject, event.data));
  };
  const withOutbox = () => {
    const event = orderEvent();
    return database.transact(async (tx) => {
      await business(tx, event.subject, event.data);
      await outbox.in(tx).add(event);
    });
  };
  const results = { plain: [] as number[], outbox: [] as number[] };
  await rate(connections, 500, plain);
  await rate(connections, 500, withOutbox);
  for (let round = 0; round < ROUNDS; round += 1) {
    results.plain.push(await rate(connections, MS, plain));
    results.outbox.push(await rate(connections, MS, withOutbox));
  }
  const cost = 1 - median(results.outbox) / median(results.plain);
  console.log(
    `${connections} connections: plain ${spread(results.plain)}/s, with outbox ${spread(results.outbox)}/s, cost ${(cost * 100).toFixed(1)} %`,
  );
}
