import { newId } from "@tandem/kernel";
import { createDatabase, type Database } from "@tandem/postgres";
import { createTestDatabase, type TestDatabase } from "@tandem/testkit";
import type { EventPublisher, OutboxEvent, OutgoingEvent, PublishOutcome } from "../src/events.ts";
import { messagingMigrations } from "../src/migrations.ts";
import { createOutbox } from "../src/outbox.ts";
import { outboxStats } from "../src/outbox-stats.ts";

export const openTestDatabase = (maxConnections = 10): Promise<TestDatabase> =>
  createTestDatabase({ sets: [messagingMigrations], options: { maxConnections } });

/** Another process's view of the same database: a pool of its own, and no wake in common that a test did not ask for. */
export const openAnother = ({ url }: TestDatabase, name = "other"): Database => createDatabase({ url, name });

/** An event of aggregate `subject`, without a proto behind it. */
export const eventOf = (subject: string, version = 1, data = `{"n":${version}}`): OutgoingEvent => ({
  id: newId(),
  topic: "order.created",
  type: "tandem.order.v1.OrderCreated",
  subject,
  aggregateVersion: BigInt(version),
  data,
});

export const addEvents = (database: Database, ...events: readonly OutgoingEvent[]): Promise<void> =>
  database.transact((tx) =>
    createOutbox({ database, source: "order" })
      .in(tx)
      .add(...events),
  );

export interface RecordingPublisher extends EventPublisher {
  /** Everything that got out, in the order in which it did. */
  readonly published: OutboxEvent[];
  /** Sizes of the calls. */
  readonly calls: number[];
}

export const sentAll = (batch: readonly OutboxEvent[]): PublishOutcome[] =>
  batch.map(({ id }) => ({ id, status: "sent" }));

/** Says "sent" to all, unless `answer` says otherwise. */
export const recordingPublisher = (
  answer: (
    batch: readonly OutboxEvent[],
    signal: AbortSignal,
  ) => Promise<readonly PublishOutcome[]> | PublishOutcome[] = sentAll,
): RecordingPublisher => {
  const published: OutboxEvent[] = [];
  const calls: number[] = [];
  return {
    published,
    calls,
    publish: async (batch, signal) => {
      calls.push(batch.length);
      const outcomes = await answer(batch, signal);
      const sent = new Set(outcomes.filter(({ status }) => status === "sent").map(({ id }) => id));
      published.push(...batch.filter(({ id }) => sent.has(id)));
      return outcomes;
    },
  };
};

/** The equation that always holds; returns its parts. */
export const balanceOf = async (database: Database) => {
  const stats = await outboxStats(database);
  const { pending, leased, sent, dead, inserted } = stats;
  if (pending + leased + sent + dead !== inserted) throw new Error(`unbalanced outbox: ${JSON.stringify(stats)}`);
  return stats;
};
