import { newId } from "@tandem/kernel";
import type { Database, Transaction } from "@tandem/postgres";

export interface Business {
  readonly name: string;
  prepare(database: Database): Promise<unknown>;
  write(tx: Transaction, orderId: string, body: string): Promise<void>;
}

/** The least that an event could accompany: one row in, one row changed. */
const smallest: Business = {
  name: "order row + stock row",
  prepare: (database) =>
    database.query(`
      create table if not exists small_order (id uuid primary key, customer_id uuid, status text, version int, body jsonb);
      create table if not exists stock (id int primary key, available int, version int);
      insert into stock select g, 1000000, 1 from generate_series(1, 1000) g on conflict do nothing`),
  write: async ({ client }, id, body) => {
    await client.query({
      name: "small order",
      text: "insert into small_order (id, customer_id, status, version, body) values ($1, $2, 'PENDING', 1, $3)",
      values: [id, newId(), body],
    });
    await client.query({
      name: "stock",
      text: "update stock set available = available - 1, version = version + 1 where id = $1",
      values: [1 + Math.floor(Math.random() * 1_000)],
    });
  },
};

/** What the order context writes when an order is placed: order, its sellers' rows, history, saga with timer and step. */
const checkout: Business = {
  name: "checkout",
  prepare: (database) =>
    database.query(`
      create table if not exists orders (id uuid primary key, customer_id uuid not null, checkout_key text not null unique,
        status text not null, total_minor bigint not null, lines jsonb not null, version bigint not null, created_at timestamptz not null default now());
      create index if not exists orders_by_customer on orders (customer_id, created_at desc, id desc);
      create table if not exists seller_order (seller_id uuid, order_id uuid, revenue_minor bigint, primary key (seller_id, order_id));
      create table if not exists order_event (event_id uuid primary key, order_id uuid, topic text, at timestamptz default now());
      create index if not exists order_event_by_order on order_event (order_id, event_id);
      create table if not exists saga (name text, id text, version int, status text, state text, data jsonb, started_at timestamptz default now(), primary key (name, id));
      create table if not exists saga_timer (name text, id text, version int, fire_at timestamptz, primary key (name, id));
      create index if not exists saga_timer_due on saga_timer (name, fire_at);
      create table if not exists saga_step (name text, id text, no bigint generated always as identity, outcome text, at timestamptz default now(), primary key (id, name, no))`),
  write: async ({ client }, id, body) => {
    const run = (name: string, text: string, values: unknown[]) => client.query({ name, text, values });
    await run(
      "order",
      "insert into orders (id, customer_id, checkout_key, status, total_minor, lines, version) values ($1, $2, $3, 'PENDING', 100, $4, 1)",
      [id, newId(), newId(), body],
    );
    await run("sellers", "insert into seller_order select s, $1, 100 from unnest($2::uuid[]) s", [
      id,
      [newId(), newId()],
    ]);
    await run("history", "insert into order_event (event_id, order_id, topic) values ($1, $2, 'order.created')", [
      newId(),
      id,
    ]);
    await run("saga", "insert into saga values ('order.checkout', $1, 1, 'running', 'RESERVING', $2)", [
      id,
      `{"orderId":"${id}"}`,
    ]);
    await run("timer", "insert into saga_timer values ('order.checkout', $1, 1, now() + interval '5 minutes')", [id]);
    await run("step", "insert into saga_step (name, id, outcome) values ('order.checkout', $1, 'started')", [id]);
  },
};

export const businesses: readonly Business[] = [smallest, checkout];
