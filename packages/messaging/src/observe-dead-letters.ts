import type { Database } from "@tandem/postgres";
import type { Metrics } from "@tandem/runtime";
import type { ConsumerHost } from "./create-consumer-host.ts";

// Replays that were asked for are not done before they are done: they count until then.
const OPEN = `
  select consumer, count(*)::int as n, coalesce(extract(epoch from now() - min(first_failed_at)), 0)::float8 as "oldestS"
  from tandem.dead_letter where status in ('open', 'replay_requested', 'replaying') group by consumer`;

/**
 * What waits for a person, at every scrape: a counter of what was ever buried says neither that nor, of a worker that has just started,
 * anything at all. Consumers of this worker are at 0 without dead letters. Returns the way to stop it.
 */
export const observeDeadLetters = (
  database: Pick<Database, "query">,
  { consumers }: Pick<ConsumerHost, "consumers">,
  metrics: Metrics,
): (() => void) => {
  const open = metrics.gauge({
    name: "tandem_dead_letters_open",
    help: "Dead letters that nobody has replayed or discarded, by consumer",
    labels: ["consumer"],
  });
  const oldest = metrics.gauge({
    name: "tandem_dead_letters_oldest_open_seconds",
    help: "Since when the oldest of them has waited; 0 when none does",
  });
  return metrics.onScrape(async () => {
    const { rows } = await database.query<{ consumer: string; n: number; oldestS: number }>(OPEN);
    open.reset();
    for (const { name } of consumers) open.set({ consumer: name }, 0);
    for (const { consumer, n } of rows) open.set({ consumer }, n);
    oldest.set(Math.max(0, ...rows.map(({ oldestS }) => oldestS)));
  });
};
