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

const REMOVE = `
DELETE FROM sidecar.message WHERE id IN (
  SELECT id FROM sidecar.message m
  WHERE (published_at < now() - $1 * interval '1 millisecond' OR id <= (SELECT max(id) FROM sidecar.message) - $2::bigint)
    AND NOT EXISTS (SELECT FROM sidecar.delivery d JOIN sidecar.subscription s ON s.id = d.subscription_id
                    WHERE s.topic = m.topic AND s.pubsub = m.pubsub AND d.message_id = m.id)
  ORDER BY id LIMIT $3)`;

const REMOVE_BATCH = 10_000;

const removeDelivered = async (pool: pg.Pool, maxAgeMs: number, maxCount: number): Promise<number> => {
  let total = 0;
  for (;;) {
    const { rowCount } = await pool.query(REMOVE, [maxAgeMs, maxCount, REMOVE_BATCH]);
    total += rowCount ?? 0;
    if (rowCount !== REMOVE_BATCH) return total;
  }
};
