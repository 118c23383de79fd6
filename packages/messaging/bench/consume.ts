// Consumer effects, one per transaction: inbox row, one update and one insert of the handler's, commit.
import { create, fromJsonString, toJsonString } from "@bufbuild/protobuf";
import { PaymentFailedSchema } from "@tandem/contracts/payment";
import { newId } from "@tandem/kernel";
import { createLogger, createMetrics } from "@tandem/runtime";
import pg from "pg";
import { createConsumerHost, defineConsumer, type IncomingEvent } from "../src/index.ts";
import { processorMs } from "./processor-time.ts";
import { rate, spread } from "./report.ts";
import { startBenchDatabase } from "./start-database.ts";

const SLICES = Number(process.argv[2] ?? 8);
const MS = Number(process.argv[3] ?? 2_000);

const INBOX = "insert into tandem.inbox (consumer, event_id) values ($1, $2) on conflict do nothing";

await using bench = await startBenchDatabase();
const events = (): IncomingEvent => {
  const paymentId = newId();
  return {
    id: newId(),
    topic: "payment.failed",
    type: PaymentFailedSchema.typeName,
    source: "payment",
    subject: paymentId,
    data: toJsonString(
      PaymentFailedSchema,
      create(PaymentFailedSchema, { paymentId, orderId: newId(), aggregateVersion: 1n }),
    ),
  };
};
for (const connections of [8, 16]) {
  const database = bench.open(`consume ${connections}`, connections);
  await database.query("create table if not exists effect (id uuid primary key, at timestamptz default now())");
  const host = createConsumerHost({
    database,
    workerAppId: "order-worker",
    log: createLogger({ service: "bench", level: "silent" }),
    metrics: createMetrics({ service: "bench" }),
    consumers: [
      defineConsumer({
        name: "order.on-payment-failed",
        event: PaymentFailedSchema,
        handle: ({ paymentId }) =>
          database.transact((tx) =>
            tx.client.query({ name: "effect", text: "insert into effect (id) values ($1)", values: [paymentId] }),
          ),
      }),
    ],
  });
  const { signal } = new AbortController();
  const pool = new pg.Pool({ connectionString: bench.url, max: connections });
  /** The floor: the same statements by hand, on a bare pool. */
  const bare = async () => {
    const { id, data } = events();
    const { paymentId } = fromJsonString(PaymentFailedSchema, data);
    const client = await pool.connect();
    await client.query("begin");
    await client.query({ name: "i", text: INBOX, values: ["bare", id] });
    await client.query({ name: "e", text: "insert into effect (id) values ($1)", values: [paymentId] });
    await client.query("commit");
    client.release();
  };
  const ways = { bare, host: () => host.deliver(events(), signal) };
  const rates: Record<keyof typeof ways, number[]> = { bare: [], host: [] };
  const node: Record<keyof typeof ways, number[]> = { bare: [], host: [] };
  const server: Record<keyof typeof ways, number[]> = { bare: [], host: [] };
  for (const way of ["bare", "host"] as const) await rate(connections, 1_000, ways[way]);
  for (let slice = 0; slice < SLICES; slice += 1) {
    for (const way of ["bare", "host"] as const) {
      const before = processorMs(bench.postmaster);
      const perSecond = await rate(connections, MS, ways[way]);
      const after = processorMs(bench.postmaster);
      rates[way].push(perSecond);
      node[way].push(((after.node - before.node) / ((perSecond * MS) / 1_000)) * 1_000);
      server[way].push(((after.postgres - before.postgres) / ((perSecond * MS) / 1_000)) * 1_000);
    }
  }
  await pool.end();
  for (const way of ["bare", "host"] as const)
    process.stdout.write(
      `${connections} connections, ${way}: ${spread(rates[way])} effects/s; processor per effect: node ${spread(node[way])} us, ` +
        `postgres ${spread(server[way])} us\n`,
    );
}
