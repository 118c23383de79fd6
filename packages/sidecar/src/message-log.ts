import { createBatcher } from "@tandem/runtime";
import type pg from "pg";
import { notifyOthers, type Storage } from "./open-storage.ts";

export interface NewMessage {
  readonly pubsub: string;
  readonly topic: string;
  /** The CloudEvent as JSON. */
  readonly event: string;
}

/** A message that this process is to deliver, until its lease ends. */
export interface ClaimedDelivery {
  readonly subscriptionId: number;
  readonly messageId: string;
  /** Failed tries so far. */
  readonly attempt: number;
  readonly event: string;
}

export interface ClaimRequest {
  readonly subscriptionId: number;
  readonly limit: number;
}

export interface TopicOf {
  readonly pubsub: string;
  readonly topic: string;
}

/** Who delivers here what is published here. */
export interface Receiver {
  /** Whether it would have so many more of a subscription now: they are claimed by the statement that writes them. */
  mayTake(subscriptionId: number, count: number): boolean;
  /** What it would have, committed and claimed. */
  take(deliveries: readonly ClaimedDelivery[]): void;
  /** There may be something new to claim. */
  wake(subscriptionIds: readonly number[]): void;
  /** Storage failed: it may hold claims for these that nobody heard of. */
  lost(subscriptionIds: readonly number[]): void;
}

/** How long a message belongs to this process: longer than any delivery. */
const LEASE_MS = 60_000;

export type DeliveryKey = Pick<ClaimedDelivery, "subscriptionId" | "messageId">;

/** Messages and what is left to deliver of them. Durable; everything is written in batches. */
export interface MessageLog {
  /** Resolves when the messages are committed. All of them or none. */
  publish(messages: readonly NewMessage[]): Promise<void>;
  /** Finds or makes a subscription. A new one starts with all that is retained, as a new consumer group on Redis does. */
  subscribe(appId: string, pubsub: string, topic: string): Promise<number>;
  /**
   * Forgets what the app listened to once and does not any more, with what was left to deliver of it: nobody would ever take it. Listened to again, it starts
   * as a new one. @returns the topics
   */
  keepOnly(appId: string, wanted: readonly TopicOf[]): Promise<readonly string[]>;
  claim(requests: readonly ClaimRequest[]): Promise<readonly ClaimedDelivery[]>;
  /** Makes due what this process holds of these subscriptions, but for `held`: claims and outcomes whose commit or answer was lost. */
  releaseStrays(subscriptionIds: readonly number[], held: readonly DeliveryKey[]): Promise<void>;
  acknowledge(delivery: DeliveryKey): Promise<void>;
  /** Due again after `delayMs`. `failed` counts the try. */
  reschedule(delivery: DeliveryKey, delayMs: number, failed: boolean): Promise<void>;
  /** Moves the message to another topic, in one statement. */
  deadLetter(delivery: DeliveryKey, topic: string): Promise<void>;
  /** Writes within somebody else's transaction. @returns what to call once that is committed */
  publishWithin(client: pg.ClientBase, messages: readonly NewMessage[]): Promise<() => void>;
  /** Gets what is new. */
  onMessage(receiver: Receiver): void;
  /** Forgets messages that are delivered to all and older than `maxAgeMs`, or not among the last `maxCount`. @returns how many */
  removeDelivered(maxAgeMs: number, maxCount: number): Promise<number>;
}

/**
 * Writes messages and, for each subscription, what is to deliver: claimed already ($4) where somebody of this process would have it, so that
 * it need not be claimed, read and updated in a second statement.
 */
const INSERT = `
WITH n AS MATERIALIZED (
  SELECT nextval('sidecar.message_id_seq') AS id, u.*
  FROM unnest($1::text[], $2::text[], $3::text[]) WITH ORDINALITY AS u (pubsub, topic, event, at)
), m AS (
  INSERT INTO sidecar.message (id, pubsub, topic, event) OVERRIDING SYSTEM VALUE SELECT id, pubsub, topic, event FROM n
), d AS (
  INSERT INTO sidecar.delivery (subscription_id, message_id, due_at, holder)
  SELECT s.id, n.id, now() + CASE WHEN s.id = ANY ($4::int[]) THEN $5 ELSE 0 END * interval '1 millisecond', CASE WHEN s.id = ANY ($4) THEN $6::int END
  FROM n JOIN sidecar.subscription s USING (pubsub, topic)
  RETURNING subscription_id, message_id, holder
)
SELECT d.subscription_id, d.message_id::text, d.holder IS NOT NULL AS held, n.at::int FROM d JOIN n ON n.id = d.message_id ORDER BY n.id`;

const CLAIM = `
WITH picked AS (
  SELECT d.subscription_id, d.message_id
  FROM unnest($1::int[], $2::int[]) AS want (subscription_id, room)
  CROSS JOIN LATERAL (
    SELECT subscription_id, message_id FROM sidecar.delivery
    WHERE subscription_id = want.subscription_id AND due_at <= now()
    ORDER BY message_id LIMIT want.room FOR UPDATE SKIP LOCKED
  ) d
), held AS (
  UPDATE sidecar.delivery d SET due_at = now() + $3 * interval '1 millisecond', holder = $4
  FROM picked p WHERE d.subscription_id = p.subscription_id AND d.message_id = p.message_id
  RETURNING d.subscription_id, d.message_id, d.attempt
)
SELECT h.subscription_id, h.message_id::text, h.attempt, m.event
FROM held h JOIN sidecar.message m ON m.id = h.message_id ORDER BY h.message_id`;

const ACKNOWLEDGE = `
DELETE FROM sidecar.delivery d USING unnest($1::int[], $2::bigint[]) AS done (subscription_id, message_id)
WHERE d.subscription_id = done.subscription_id AND d.message_id = done.message_id AND d.holder = $3`;

const RESCHEDULE = `
UPDATE sidecar.delivery d SET due_at = now() + t.delay_ms * interval '1 millisecond', attempt = attempt + t.failed, holder = NULL
FROM unnest($1::int[], $2::bigint[], $3::float8[], $4::int[]) AS t (subscription_id, message_id, delay_ms, failed)
WHERE d.subscription_id = t.subscription_id AND d.message_id = t.message_id AND d.holder = $5`;

const RELEASE_STRAYS = `
UPDATE sidecar.delivery d SET due_at = now(), holder = NULL
WHERE d.subscription_id = ANY ($1::int[]) AND d.holder = $4
  AND NOT EXISTS (SELECT FROM unnest($2::int[], $3::bigint[]) AS held (subscription_id, message_id)
                  WHERE held.subscription_id = d.subscription_id AND held.message_id = d.message_id)`;

const DEAD_LETTER = `
WITH gone AS (
  DELETE FROM sidecar.delivery WHERE subscription_id = $1 AND message_id = $2 AND holder = $3 RETURNING message_id
), m AS (
  INSERT INTO sidecar.message (pubsub, topic, event)
  SELECT pubsub, $4, event FROM sidecar.message WHERE id = (SELECT message_id FROM gone) RETURNING id, pubsub, topic
), d AS (
  INSERT INTO sidecar.delivery (subscription_id, message_id)
  SELECT s.id, m.id FROM m JOIN sidecar.subscription s USING (pubsub, topic) RETURNING subscription_id
)
SELECT DISTINCT subscription_id FROM d`;

interface InsertedRow {
  readonly subscription_id: number;
  readonly message_id: string;
  readonly held: boolean;
  /** Which of the messages, from 1. */
  readonly at: number;
}

/** Subscriptions whose messages are claimed as they are written, and for whom. */
type Takers = ReadonlyMap<number, Receiver>;

export const createMessageLog = (
  { pool, relaxed, holder, onNotify, onReturn }: Storage,
  leaseMs: number = LEASE_MS,
): MessageLog => {
  const receivers: Receiver[] = [];
  /** Those of apps of this process, by pubsub and topic. */
  const local = new Map<number, string>();
  onNotify((ids) => tell(ids));
  // An acknowledgement that a crash undid left a claim of ours, of which nobody here knows any more.
  onReturn(() => {
    for (const receiver of receivers) receiver.lost([...local.keys()]);
  });

  const tell = (ids: readonly number[]) => {
    for (const receiver of receivers) receiver.wake(ids);
  };

  /** Who would have these messages now. */
  const takersOf = (messages: readonly NewMessage[]): Takers => {
    const counts = new Map<string, number>();
    for (const message of messages) counts.set(addressOf(message), (counts.get(addressOf(message)) ?? 0) + 1);
    const takers = new Map<number, Receiver>();
    for (const [id, address] of local) {
      const count = counts.get(address);
      const receiver = count === undefined ? undefined : receivers.find((one) => one.mayTake(id, count));
      if (receiver !== undefined) takers.set(id, receiver);
    }
    return takers;
  };

  const insertOf = (messages: readonly NewMessage[], takers: Takers) => ({
    name: "publish",
    text: INSERT,
    values: [
      messages.map(({ pubsub }) => pubsub),
      messages.map(({ topic }) => topic),
      messages.map(({ event }) => event),
      [...takers.keys()],
      leaseMs,
      holder,
    ],
  });

  const announce = (messages: readonly NewMessage[], takers: Takers, rows: readonly InsertedRow[]) => {
    const claimed = Map.groupBy(
      rows.filter(({ held }) => held),
      ({ subscription_id }) => takers.get(subscription_id),
    );
    for (const [receiver, own] of claimed) {
      receiver?.take(
        own.map(({ subscription_id: subscriptionId, message_id: messageId, at }) => ({
          subscriptionId,
          messageId,
          attempt: 0,
          event: messages[at - 1]?.event ?? "",
        })),
      );
    }
    wakeAll(rows.filter(({ held }) => !held));
  };

  const wakeAll = (rows: readonly Pick<InsertedRow, "subscription_id">[]) => {
    const ids = [...new Set(rows.map(({ subscription_id }) => subscription_id))];
    if (ids.length === 0) return;
    const foreign = ids.filter((id) => !local.has(id));
    tell(ids);
    if (foreign.length > 0) tellOthers(foreign).catch(() => undefined); // they poll, too
  };

  const tellOthers = createBatcher<readonly number[], undefined>({
    run: async (batch) => {
      await notifyOthers(pool, [...new Set(batch.flat())]);
      return batch.map(() => undefined);
    },
  });

  const publish = createBatcher<readonly NewMessage[], undefined>({
    maxItems: 100,
    concurrency: 2,
    run: async (batches) => {
      const messages = batches.flat();
      const takers = takersOf(messages);
      try {
        const { rows } = await pool.query<InsertedRow>(insertOf(messages, takers));
        announce(messages, takers, rows);
      } catch (error) {
        for (const [id, receiver] of takers) receiver.lost([id]);
        throw error;
      }
      return batches.map(() => undefined);
    },
  });

  /** The claims of all apps of this process that ask at the same time, in one statement. */
  const claim = createBatcher<readonly ClaimRequest[], readonly ClaimedDelivery[]>({
    run: async (batch) => {
      const requests = batch.flat();
      const values = [requests.map((r) => r.subscriptionId), requests.map((r) => r.limit), leaseMs, holder];
      const { rows } = await relaxed.query({ name: "claim", text: CLAIM, values });
      const claimed = rows.map(
        (row): ClaimedDelivery => ({
          subscriptionId: row.subscription_id,
          messageId: row.message_id,
          attempt: row.attempt,
          event: row.event,
        }),
      );
      return batch.map((one) => {
        const ids = new Set(one.map(({ subscriptionId }) => subscriptionId));
        return claimed.filter(({ subscriptionId }) => ids.has(subscriptionId));
      });
    },
  });

  // Nobody waits for it: one that a crash forgets is delivered once more, now as well as ten milliseconds ago.
  const acknowledge = createBatcher<DeliveryKey, undefined>({
    gatherMs: 10,
    run: async (batch) => {
      const values = [batch.map((d) => d.subscriptionId), batch.map((d) => d.messageId), holder];
      await relaxed.query({ name: "acknowledge", text: ACKNOWLEDGE, values });
      return batch.map(() => undefined);
    },
  });

  const reschedule = createBatcher<readonly [DeliveryKey, number, boolean], undefined>({
    run: async (batch) => {
      const values = [
        batch.map(([d]) => d.subscriptionId),
        batch.map(([d]) => d.messageId),
        batch.map(([, delayMs]) => delayMs),
        batch.map(([, , failed]) => (failed ? 1 : 0)),
        holder,
      ];
      await relaxed.query({ name: "reschedule", text: RESCHEDULE, values });
      return batch.map(() => undefined);
    },
  });

  return {
    publish: (messages) => (messages.length === 0 ? Promise.resolve() : publish(messages)),
    subscribe: async (appId, pubsub, topic) => {
      const id = await findOrSubscribe(pool, appId, pubsub, topic);
      local.set(id, addressOf({ pubsub, topic }));
      return id;
    },
    keepOnly: (appId, wanted) => dropOthers(pool, appId, wanted),
    claim: (requests) => claim(requests),
    releaseStrays: async (subscriptionIds, held) => {
      const values = [subscriptionIds, held.map((d) => d.subscriptionId), held.map((d) => d.messageId), holder];
      await relaxed.query(RELEASE_STRAYS, values);
    },
    acknowledge: (delivery) => acknowledge(delivery),
    reschedule: (delivery, delayMs, failed) => reschedule([delivery, delayMs, failed]),
    deadLetter: async ({ subscriptionId, messageId }, topic) => {
      const { rows } = await pool.query(DEAD_LETTER, [subscriptionId, messageId, holder, topic]);
      wakeAll(rows);
    },
    publishWithin: async (client, messages) => {
      const takers = takersOf(messages);
      const { rows } = await client.query<InsertedRow>(insertOf(messages, takers));
      return () => announce(messages, takers, rows);
    },
    onMessage: (receiver) => receivers.push(receiver),
    removeDelivered: async (maxAgeMs, maxCount) => {
      let total = 0;
      for (;;) {
        const { rowCount } = await pool.query(REMOVE, [maxAgeMs, maxCount, REMOVE_BATCH]);
        total += rowCount ?? 0;
        if (rowCount !== REMOVE_BATCH) return total;
      }
    },
  };
};

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

const addressOf = ({ pubsub, topic }: Pick<NewMessage, "pubsub" | "topic">): string => `${pubsub}\n${topic}`;

const REMOVE = `
DELETE FROM sidecar.message WHERE id IN (
  SELECT id FROM sidecar.message m
  WHERE (published_at < now() - $1 * interval '1 millisecond' OR id <= (SELECT max(id) FROM sidecar.message) - $2::bigint)
    AND NOT EXISTS (SELECT FROM sidecar.delivery d JOIN sidecar.subscription s ON s.id = d.subscription_id
                    WHERE s.topic = m.topic AND s.pubsub = m.pubsub AND d.message_id = m.id)
  ORDER BY id LIMIT $3)`;

const REMOVE_BATCH = 10_000;

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
