import { newId } from "@tandem/kernel";
import { createOutbox, createRelay, type EventPublisher, messagingMigrations } from "@tandem/messaging";
import type { Database, Transaction } from "@tandem/postgres";
import { orderEvent, rate } from "../load.ts";
import { type Figure, median } from "../report.ts";
import type { Surroundings } from "../start-surroundings.ts";

const write = async (database: Database, count: number): Promise<void> => {
  const outbox = createOutbox({ database, source: "order" });
  for (let at = 0; at < count; at += 500) {
    const events = Array.from({ length: Math.min(500, count - at) }, () => orderEvent());
    await database.transact((tx) => outbox.in(tx).add(...events));
  }
};

/** Publishes a backlog of `count` committed events and says how many a second. */
export const drain = async (database: Database, count: number, publisher: EventPublisher): Promise<number> => {
  await write(database, count);
  const sent = Promise.withResolvers<void>();
  let published = 0;
  const counting: EventPublisher = {
    publish: async (batch, signal) => {
      const outcomes = await publisher.publish(batch, signal);
      published += outcomes.filter(({ status }) => status === "sent").length;
      if (published >= count) sent.resolve();
      return outcomes;
    },
  };
  const relay = createRelay({ database, publisher: counting });
  const startedAt = performance.now();
  await relay.start(new AbortController().signal);
  await sent.promise;
  const seconds = (performance.now() - startedAt) / 1_000;
  await relay.stop();
  return count / seconds;
};

export const nowhere: EventPublisher = {
  publish: async (batch) => batch.map(({ id }) => ({ id, status: "sent" as const })),
};

export const measureRelay = async (surroundings: Surroundings, rounds: number): Promise<Figure[]> => {
  await using bench = await surroundings.database("relay", [messagingMigrations]);
  const database = bench.open("relay", 8);
  await drain(database, 5_000, nowhere);
  const samples: number[] = [];
  for (let round = 0; round < rounds; round += 1) samples.push(await drain(database, 30_000, nowhere));
  return [{ name: "outbox committed -> published, no-op sink", unit: "/s", samples, target: { atLeast: 15_000 } }];
};

/** What the outbox adds to a write transaction of an order and its stock: with and without in turn. */
export const measureOutboxWrite = async (surroundings: Surroundings, rounds: number): Promise<Figure[]> => {
  await using bench = await surroundings.database("write", [messagingMigrations]);
  const figures: Figure[] = [];
  for (const connections of [1, 8]) {
    const database = bench.open(`write ${connections}`, connections);
    await database.query(`
      create table if not exists orders (id uuid primary key, customer_id uuid, status text, version int, body jsonb);
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
    await rate(connections, 500, plain);
    await rate(connections, 500, withOutbox);
    const costs: number[] = [];
    const rates: number[] = [];
    for (let round = 0; round < rounds * 4; round += 1) {
      const without = await rate(connections, 500, plain);
      const including = await rate(connections, 500, withOutbox);
      rates.push(including);
      costs.push(100 * (1 - including / without));
    }
    figures.push({
      name: `outbox's share of a write transaction, ${connections} connection${connections > 1 ? "s" : ""}`,
      unit: "%",
      samples: costs,
      target: { atMost: 15 },
      note: `${Math.round(median(rates))} transactions/s with it`,
    });
  }
  return figures;
};
