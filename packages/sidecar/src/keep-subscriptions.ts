import type pg from "pg";

export interface TopicOf {
  readonly pubsub: string;
  readonly topic: string;
}

/** Who listens to what. */
export interface Subscriptions {
  /** Finds or makes a subscription. A new one starts with all that is retained, as a new consumer group on Redis does. */
  subscribe(appId: string, pubsub: string, topic: string): Promise<number>;
  /**
   * Forgets what the app listened to once and does not any more, with what was left to deliver of it: nobody would ever take it. Listened to again, it starts
   * as a new one. @returns the topics
   */
  keepOnly(appId: string, wanted: readonly TopicOf[]): Promise<readonly string[]>;
}

export const keepSubscriptions = (pool: pg.Pool): Subscriptions => ({
  subscribe: (appId, pubsub, topic) => findOrSubscribe(pool, appId, pubsub, topic),
  keepOnly: (appId, wanted) => dropOthers(pool, appId, wanted),
});

const OTHERS = `
FROM sidecar.subscription s WHERE app_id = $1
  AND NOT EXISTS (SELECT FROM unnest($2::text[], $3::text[]) AS wanted (pubsub, topic)
                  WHERE wanted.pubsub = s.pubsub AND wanted.topic = s.topic)`;

const dropOthers = async (pool: pg.Pool, appId: string, wanted: readonly TopicOf[]): Promise<readonly string[]> => {
  const names = [appId, wanted.map(({ pubsub }) => pubsub), wanted.map(({ topic }) => topic)];
  // As a rule there are none, and nobody waits for the lock.
  const { rowCount } = await pool.query(`SELECT ${OTHERS} LIMIT 1`, names);
  if (rowCount === 0) return [];
  return withMessagesLocked(pool, async (client) => {
    const { rows } = await client.query<{ id: number; topic: string }>(`DELETE ${OTHERS} RETURNING id, topic`, names);
    await client.query("DELETE FROM sidecar.delivery WHERE subscription_id = ANY ($1::int[])", [
      rows.map(({ id }) => id),
    ]);
    return rows.map(({ topic }) => topic);
  });
};

/** Waits for publishers in flight and holds back new ones: no message of theirs falls between the two halves of a change. */
const withMessagesLocked = async <T>(pool: pg.Pool, work: (client: pg.PoolClient) => Promise<T>): Promise<T> => {
  const client = await pool.connect();
  try {
    await client.query("BEGIN");
    await client.query("LOCK TABLE sidecar.message IN SHARE ROW EXCLUSIVE MODE");
    const result = await work(client);
    await client.query("COMMIT");
    return result;
  } catch (error) {
    await client.query("ROLLBACK").catch(() => undefined);
    throw error;
  } finally {
    client.release();
  }
};

const findOrSubscribe = async (pool: pg.Pool, appId: string, pubsub: string, topic: string): Promise<number> => {
  const names = [appId, pubsub, topic];
  const found = await pool.query(
    "SELECT id FROM sidecar.subscription WHERE app_id = $1 AND pubsub = $2 AND topic = $3",
    names,
  );
  if (found.rows[0] !== undefined) return found.rows[0].id;
  // None of a publisher's messages falls between backfill and subscription.
  return withMessagesLocked(pool, async (client) => {
    const { rows } = await client.query(
      `INSERT INTO sidecar.subscription (app_id, pubsub, topic) VALUES ($1, $2, $3)
       ON CONFLICT (app_id, pubsub, topic) DO UPDATE SET topic = excluded.topic RETURNING id`,
      names,
    );
    await client.query(
      `INSERT INTO sidecar.delivery (subscription_id, message_id)
       SELECT $1, id FROM sidecar.message WHERE pubsub = $2 AND topic = $3 ON CONFLICT DO NOTHING`,
      [rows[0].id, pubsub, topic],
    );
    return rows[0].id;
  });
};
