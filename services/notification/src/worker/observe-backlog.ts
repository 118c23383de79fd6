import type { Database } from "@tandem/postgres";
import type { Metrics } from "@tandem/runtime";

/** What waits, and for how long: asked of the database at each scrape. */
export const observeBacklog = ({
  database,
  metrics,
}: {
  readonly database: Pick<Database, "query">;
  readonly metrics: Metrics;
}) => {
  const waiting = metrics.gauge({
    name: "tandem_notification_waiting",
    help: "Messages that wait for an address or an order",
  });
  const overdue = metrics.gauge({
    name: "tandem_notification_overdue_seconds",
    help: "For how long the message that is due the longest has been due",
  });
  metrics.onScrape(async () => {
    const { rows } = await database.query<{ waiting: string; overdue: number }>(
      `select (select count(*) from notification where status = 'WAITING') as waiting,
         (select coalesce(greatest(extract(epoch from now() - min(due_at)), 0), 0)::float8 from notification where status = 'PENDING') as overdue`,
    );
    waiting.set(Number(rows[0]?.waiting ?? 0));
    overdue.set(rows[0]?.overdue ?? 0);
  });
};
