import type { Metrics } from "@tandem/runtime";
import type pg from "pg";
import type { Database } from "./database.ts";

export interface PoolObserver {
  acquired(seconds: number): void;
  ended(outcome: "commit" | "rollback" | "retry"): void;
  stop(): void;
}

// The sessions that this user may see: its own. now() is this very transaction's start, which is no age.
const OLDEST_TRANSACTION = {
  name: "tandem-oldest-transaction",
  text: `SELECT coalesce(max(extract(epoch FROM now() - xact_start)), 0)::float8 AS seconds
    FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()`,
};
const SCRAPE_TIMEOUT_MS = 1_000;

export interface PoolObserverOptions {
  readonly pool: pg.Pool;
  readonly name: string;
  readonly maxConnections: number;
  readonly metrics: Metrics;
  readonly query: Database["query"];
}

/** Figures of one pool and its database, under the label `pool`. */
export const observePool = ({ pool, name, maxConnections, metrics, query }: PoolObserverOptions): PoolObserver => {
  const connections = metrics.gauge({
    name: "tandem_postgres_connections",
    help: "Connections of the pool by state; waiting counts callers without one",
    labels: ["pool", "state"],
  });
  const limit = metrics.gauge({
    name: "tandem_postgres_connections_max",
    help: "Size limit of the pool",
    labels: ["pool"],
  });
  const acquire = metrics.histogram({
    name: "tandem_postgres_acquire_seconds",
    help: "Wait for a connection, connecting included",
    labels: ["pool"],
  });
  const transactions = metrics.counter({
    name: "tandem_postgres_transactions_total",
    help: "Ends of transactions; retry is a serialization failure or deadlock that was repeated",
    labels: ["pool", "outcome"],
  });
  const oldest = metrics.gauge({
    name: "tandem_postgres_oldest_transaction_seconds",
    help: "Age of the oldest transaction in the database: while it lives, dead rows of every queue stay and slow its claims",
    labels: ["pool"],
  });
  limit.set({ pool: name }, maxConnections);
  const stop = metrics.onScrape(() => {
    connections.set({ pool: name, state: "idle" }, pool.idleCount);
    connections.set({ pool: name, state: "busy" }, pool.totalCount - pool.idleCount);
    connections.set({ pool: name, state: "waiting" }, pool.waitingCount);
  });
  const stopOldest = metrics.onScrape(async () => {
    const { rows } = await query<{ seconds: number }>(
      OLDEST_TRANSACTION,
      undefined,
      AbortSignal.timeout(SCRAPE_TIMEOUT_MS),
    );
    oldest.set({ pool: name }, rows[0]?.seconds ?? 0);
  });
  return {
    acquired: (seconds) => acquire.observe({ pool: name }, seconds),
    ended: (outcome) => transactions.inc({ pool: name, outcome }),
    stop: () => {
      stop();
      stopOldest();
    },
  };
};
