import type { Database } from "@tandem/postgres";
import type { Metrics } from "@tandem/runtime";
import { outboxBacklog } from "./outbox-stats.ts";

export const createRelayMetrics = (database: Database, metrics: Metrics) => {
  const backlog = metrics.gauge<"state">({
    name: "tandem_outbox_backlog",
    help: "Events of the outbox that are not sent, by state",
    labels: ["state"],
  });
  const oldest = metrics.gauge({ name: "tandem_outbox_oldest_age_seconds", help: "Age of the oldest event not sent" });
  const oldestTransaction = metrics.gauge({
    name: "tandem_postgres_oldest_transaction_age_seconds",
    help: "Age of the oldest open transaction of the database; an old one keeps dead rows alive and slows the queue",
  });
  const published = metrics.counter<"topic" | "outcome">({
    name: "tandem_outbox_published_total",
    help: "Tries to publish, by topic and outcome: sent, transient, permanent",
    labels: ["topic", "outcome"],
  });
  const latency = metrics.histogram({
    name: "tandem_outbox_publish_seconds",
    help: "From the start of the event's transaction to the broker's answer",
  });
  const batchSeconds = metrics.histogram({ name: "tandem_outbox_batch_seconds", help: "Publishing one claimed batch" });
  const circuit = metrics.gauge({
    name: "tandem_outbox_circuit_open",
    help: "1 while nothing is claimed because the broker is away",
  });
  const fenced = metrics.counter({
    name: "tandem_outbox_leases_lost_total",
    help: "Batches whose lease was gone when they were to be marked",
  });
  const recovered = metrics.counter({
    name: "tandem_outbox_recovered_total",
    help: "Events taken over from relays that died or stood still",
  });
  const stopScrape = metrics.onScrape(async () => {
    const stats = await outboxBacklog(database);
    backlog.set({ state: "pending" }, stats.pending);
    backlog.set({ state: "leased" }, stats.leased);
    backlog.set({ state: "dead" }, stats.dead);
    oldest.set(stats.oldestPendingAgeMs / 1_000);
    oldestTransaction.set(stats.oldestTransactionAgeMs / 1_000);
  });
  return { published, latency, batchSeconds, circuit, fenced, recovered, stopScrape };
};

export type RelayMetrics = ReturnType<typeof createRelayMetrics>;
