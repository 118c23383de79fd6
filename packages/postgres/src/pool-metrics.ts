import type { Metrics } from "@tandem/runtime";
import type pg from "pg";

export interface PoolObserver {
  acquired(seconds: number): void;
  ended(outcome: "commit" | "rollback" | "retry"): void;
  stop(): void;
}

/** Figures of one pool, under the label `pool`. */
export const observePool = (pool: pg.Pool, name: string, max: number, metrics: Metrics): PoolObserver => {
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
  limit.set({ pool: name }, max);
  const stop = metrics.onScrape(() => {
    connections.set({ pool: name, state: "idle" }, pool.idleCount);
    connections.set({ pool: name, state: "busy" }, pool.totalCount - pool.idleCount);
    connections.set({ pool: name, state: "waiting" }, pool.waitingCount);
  });
  return {
    acquired: (seconds) => acquire.observe({ pool: name }, seconds),
    ended: (outcome) => transactions.inc({ pool: name, outcome }),
    stop,
  };
};
