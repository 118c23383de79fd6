import { create, toJsonString } from "@bufbuild/protobuf";
import { type PaymentFailed, PaymentFailedSchema } from "@tandem/contracts/payment";
import { newId } from "@tandem/kernel";
import type { Database } from "@tandem/postgres";
import { captureLog, createTestDatabase, type TestDatabase } from "@tandem/testkit";
import {
  type Consumer,
  type ConsumerContext,
  type ConsumerHost,
  type ConsumerHostOptions,
  createConsumerHost,
  type Delivery,
  defineConsumer,
  type IncomingEvent,
  messagingMigrations,
  type RetryPolicy,
} from "../src/index.ts";

export const openConsumerDatabase = async (): Promise<TestDatabase> => {
  const db = await createTestDatabase({ sets: [messagingMigrations], options: { maxConnections: 16 } });
  await db.database.query("create table effect (at bigserial, consumer text, event_id text, subject text)");
  return db;
};

/** `payment.failed` as a sidecar would deliver it. */
export const incoming = (given: Partial<IncomingEvent> & { readonly subject?: string } = {}): IncomingEvent => {
  const paymentId = given.subject ?? newId();
  return {
    id: newId(),
    topic: "payment.failed",
    type: PaymentFailedSchema.typeName,
    source: "payment",
    subject: paymentId,
    time: new Date("2026-01-01T00:00:00Z"),
    data: toJsonString(
      PaymentFailedSchema,
      create(PaymentFailedSchema, { paymentId, aggregateVersion: 1n, orderId: "o-1" }),
    ),
    ...given,
  };
};

/** What the consumer did, written in its transaction. */
export const writeEffect = (database: Database, consumer: string, { id, subject }: ConsumerContext): Promise<unknown> =>
  database.transact((tx) =>
    tx.client.query("insert into effect (consumer, event_id, subject) values ($1, $2, $3)", [consumer, id, subject]),
  );

export const effectsOf = async (database: Database): Promise<readonly string[]> =>
  (await database.query<{ event_id: string }>("select event_id from effect order by at")).rows.map(
    (row) => row.event_id,
  );

export const consumerOf = (
  handle: (message: PaymentFailed, context: ConsumerContext) => Promise<unknown>,
  options: { readonly name?: string; readonly retry?: Partial<RetryPolicy>; readonly timeoutMs?: number } = {},
): Consumer => defineConsumer({ name: "order.on-payment-failed", event: PaymentFailedSchema, ...options, handle });

export interface TestHost extends ConsumerHost {
  readonly lines: Record<string, unknown>[];
  send(event: IncomingEvent, signal?: AbortSignal): Promise<Delivery>;
}

export const hostOf = (
  database: Database,
  consumers: readonly Consumer[],
  options: Partial<ConsumerHostOptions> = {},
): TestHost => {
  const { log, lines } = captureLog();
  const host = createConsumerHost({ database, consumers, workerAppId: "order-worker", log, ...options });
  return {
    ...host,
    lines,
    send: (event, signal = new AbortController().signal) => host.deliver(event, signal),
  };
};
