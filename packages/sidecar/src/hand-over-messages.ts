import { createBatcher } from "@tandem/runtime";
import type pg from "pg";
import type { ClaimedDelivery, DeliveryKey } from "./claim-deliveries.ts";
import type { TopicOf } from "./keep-subscriptions.ts";
import { notifyOthers, type Storage } from "./open-storage.ts";

export interface NewMessage {
  readonly pubsub: string;
  readonly topic: string;
  /** The CloudEvent as JSON. */
  readonly event: string;
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

/** The way of what is new: written, and handed from memory to those of this process who would have it at once. */
export interface HandOver {
  /** Resolves when the messages are committed. All of them or none. */
  publish(messages: readonly NewMessage[]): Promise<void>;
  /** Writes within somebody else's transaction. @returns what to call once that is committed */
  publishWithin(client: pg.ClientBase, messages: readonly NewMessage[]): Promise<() => void>;
  /** Moves the message to another topic, in one statement. */
  deadLetter(delivery: DeliveryKey, topic: string): Promise<void>;
  /** Gets what is new. */
  onMessage(receiver: Receiver): void;
  /** A subscription of an app of this process. */
  host(subscriptionId: number, topic: TopicOf): void;
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

export const createHandOver = ({ pool, holder, onNotify, onReturn }: Storage, leaseMs: number): HandOver => {
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
    // What one commit of an app makes known on several topics comes in as many calls, within a millisecond or two.
    gatherMs: 2,
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

  return {
    publish: (messages) => (messages.length === 0 ? Promise.resolve() : publish(messages)),
    publishWithin: async (client, messages) => {
      const takers = takersOf(messages);
      const { rows } = await client.query<InsertedRow>(insertOf(messages, takers));
      return () => announce(messages, takers, rows);
    },
    deadLetter: async ({ subscriptionId, messageId }, topic) => {
      const { rows } = await pool.query(DEAD_LETTER, [subscriptionId, messageId, holder, topic]);
      wakeAll(rows);
    },
    onMessage: (receiver) => receivers.push(receiver),
    host: (subscriptionId, topic) => local.set(subscriptionId, addressOf(topic)),
  };
};

const addressOf = ({ pubsub, topic }: TopicOf): string => `${pubsub}\n${topic}`;
