import type pg from "pg";
import { type Claims, createClaims } from "./claim-deliveries.ts";
import { createHandOver, type HandOver } from "./hand-over-messages.ts";
import { keepSubscriptions, type Subscriptions } from "./keep-subscriptions.ts";
import type { Storage } from "./open-storage.ts";

/** Messages and what is left to deliver of them. Durable; everything is written in batches. */
export interface MessageLog extends Subscriptions, Claims, Omit<HandOver, "host"> {
  /** Forgets messages that are delivered to all and older than `maxAgeMs`, or not among the last `maxCount`. @returns how many */
  removeDelivered(maxAgeMs: number, maxCount: number): Promise<number>;
}

/** How long a message belongs to this process: longer than any delivery. */
const LEASE_MS = 60_000;

export const createMessageLog = (storage: Storage, leaseMs: number = LEASE_MS): MessageLog => {
  const subscriptions = keepSubscriptions(storage.pool);
  const { host, ...handOver } = createHandOver(storage, leaseMs);
  return {
    ...subscriptions,
    ...createClaims(storage, leaseMs),
    ...handOver,
    subscribe: async (appId, pubsub, topic) => {
      const id = await subscriptions.subscribe(appId, pubsub, topic);
      host(id, { pubsub, topic });
      return id;
    },
    removeDelivered: (maxAgeMs, maxCount) => removeDelivered(storage.pool, maxAgeMs, maxCount),
  };
};

// From the oldest on, and no further than to the first that may stay: a look at all hundred thousand, once a minute, takes a core for a quarter of a second.
const REMOVE = `
WITH seen AS MATERIALIZED (
  SELECT id, pubsub, topic,
    published_at < now() - $1 * interval '1 millisecond' OR id <= (SELECT max(id) FROM sidecar.message) - $2::bigint AS old
  FROM sidecar.message WHERE id > $3 ORDER BY id LIMIT 1000
), gone AS (
  DELETE FROM sidecar.message m USING seen s
  WHERE s.old AND m.id = s.id
    AND NOT EXISTS (SELECT FROM sidecar.delivery d JOIN sidecar.subscription n ON n.id = d.subscription_id
                    WHERE n.topic = s.topic AND n.pubsub = s.pubsub AND d.message_id = s.id)
  RETURNING 1
)
SELECT max(id) AS last, bool_and(old) AS "allOld", (SELECT count(*)::int FROM gone) AS removed FROM seen`;

const removeDelivered = async (pool: pg.Pool, maxAgeMs: number, maxCount: number): Promise<number> => {
  let total = 0;
  let last: string | null = "0";
  let allOld: boolean | null = true;
  while (last !== null && allOld === true) {
    const { rows }: pg.QueryResult<{ last: string | null; allOld: boolean | null; removed: number }> = await pool.query(
      REMOVE,
      [maxAgeMs, maxCount, last],
    );
    total += rows[0]?.removed ?? 0;
    last = rows[0]?.last ?? null;
    allOld = rows[0]?.allOld ?? null;
  }
  return total;
};
