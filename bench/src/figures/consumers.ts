import { create, toJsonString } from "@bufbuild/protobuf";
import { timestampFromDate } from "@bufbuild/protobuf/wkt";
import { PaymentFailedSchema } from "@tandem/contracts/payment";
import { newId } from "@tandem/kernel";
import { createConsumerHost, defineConsumer, type IncomingEvent, messagingMigrations } from "@tandem/messaging";
import { createLogger, createMetrics } from "@tandem/runtime";
import { rate } from "../load.ts";
import type { Figure } from "../report.ts";
import type { Surroundings } from "../start-surroundings.ts";

const incoming = (): IncomingEvent => {
  const paymentId = newId();
  const message = create(PaymentFailedSchema, {
    paymentId,
    orderId: newId(),
    aggregateVersion: 1n,
    occurredAt: timestampFromDate(new Date()),
  });
  return {
    id: newId(),
    topic: "payment.failed",
    type: PaymentFailedSchema.typeName,
    source: "payment",
    subject: paymentId,
    data: toJsonString(PaymentFailedSchema, message),
  };
};

/** Inbox row, the effect and the commit, one event per transaction. */
export const measureConsumers = async (surroundings: Surroundings, rounds: number): Promise<Figure[]> => {
  await using bench = await surroundings.database("consume", [messagingMigrations]);
  const database = bench.open("consume", 16);
  await database.query("create table effect (id uuid primary key, at timestamptz default now())");
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
  const deliver = () => host.deliver(incoming(), signal);
  await rate(16, 1_000, deliver);
  const samples: number[] = [];
  for (let round = 0; round < rounds * 2; round += 1) samples.push(await rate(16, 1_500, deliver));
  return [
    { name: "consumer effects, one per transaction, 16 connections", unit: "/s", samples, target: { atLeast: 3_000 } },
  ];
};
