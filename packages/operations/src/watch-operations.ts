import type { Database } from "@tandem/postgres";
import type { MetricName, Metrics } from "@tandem/runtime";

export interface WatchOperationsOptions {
  readonly database: Pick<Database, "query">;
  readonly metrics: Metrics;
  /** `tandem_shipping`: the gauges are called `<prefix>_operations_open` and `<prefix>_operations_oldest_seconds`. */
  readonly prefix: MetricName;
  /** Default `operation`. */
  readonly table?: string;
}

type State = "PENDING" | "WAITING" | "UNKNOWN" | "PARKED";
const STATES: readonly State[] = ["PENDING", "WAITING", "UNKNOWN", "PARKED"];

/**
 * What is open, by state, at every scrape. PENDING: due and not tried; WAITING: for a later time or under a lease, never sent; UNKNOWN: sent
 * without an answer; PARKED: left to a person. Age: of the oldest that is due and not taken, 0 when there is none. Returns the way to stop it.
 */
export const watchOperations = ({ database, metrics, prefix, table = "operation" }: WatchOperationsOptions) => {
  const open = metrics.gauge({
    name: `${prefix}_operations_open`,
    help: "Durable operations that are not decided, by state",
    labels: ["state"],
  });
  const oldest = metrics.gauge({
    name: `${prefix}_operations_oldest_seconds`,
    help: "How long the oldest operation is due and not taken",
  });
  return metrics.onScrape(async () => {
    const { rows } = await database.query<{ state: State; n: number; overdueS: number }>(
      `select case when due_at = 'infinity' then 'PARKED' when uncertain then 'UNKNOWN'
          when due_at <= now() then 'PENDING' else 'WAITING' end as state,
        count(*)::int as n,
        coalesce(max(extract(epoch from now() - due_at)) filter (where due_at <= now()), 0)::float8 as "overdueS"
       from ${table} where status = 'OPEN' group by 1`,
    );
    for (const state of STATES) open.set({ state }, rows.find((row) => row.state === state)?.n ?? 0);
    oldest.set(Math.max(0, ...rows.map(({ overdueS }) => overdueS)));
  });
};
