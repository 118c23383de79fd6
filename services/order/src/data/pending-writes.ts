import { CARRIED_COLUMNS, carriedEvents } from "@tandem/messaging";
import type { Transaction } from "@tandem/postgres";
import type { Order } from "../model/order.ts";
import { changeOf, type StoryRow, storyJson } from "./order-change.ts";

interface Pending {
  order: Order | undefined;
  story: StoryRow[];
}

/**
 * What a transaction has changed of an order, its lists, its story and what is published of it, held back until the commit: one statement, which
 * travels with COMMIT and so costs no round trip in which others wait for the saga and the order.
 */
export interface PendingWrites {
  /** The order as this transaction has left it. */
  find(orderId: string): Order | undefined;
  /** The row is locked by this transaction: so it is there, and nobody else changes it. */
  update(order: Order): Promise<void>;
  /** @param wake to be called after the commit: somebody has to publish them */
  tell(rows: readonly StoryRow[], wake: () => void): void;
}

const pendings = new WeakMap<Transaction, PendingWrites>();

/** Of this transaction, whoever asks. */
export const pendingWrites = (tx: Transaction): PendingWrites => {
  const known = pendings.get(tx);
  if (known) return known;
  const pending: Pending = { order: undefined, story: [] };
  const flush = async (): Promise<void> => {
    const { order, story } = pending;
    pending.order = undefined;
    pending.story = [];
    if (order) await tx.client.query({ name: "order change", text: CHANGE, values: changeOf(order, story) });
    else if (story.length > 0) await tx.client.query({ name: "order story", text: STORY, values: [storyJson(story)] });
  };
  let registered = false;
  const register = () => {
    if (!registered) tx.atCommit(flush);
    registered = true;
  };
  const writes: PendingWrites = {
    find: (orderId) => (pending.order?.id === orderId ? pending.order : undefined),
    async update(order) {
      register();
      if (pending.order && pending.order.id !== order.id) await flush();
      pending.order = order;
    },
    tell(rows, wake) {
      register();
      if (pending.story.length === 0) tx.afterCommit(wake);
      pending.story.push(...rows);
    },
  };
  pendings.set(tx, writes);
  return writes;
};

const TOLD = (at: number) => `
  told as (
    select * from jsonb_to_recordset($${at}::jsonb)
      as e(n integer, order_id uuid, note text, at timestamptz, ${CARRIED_COLUMNS})
  ), ${carriedEvents("select * from told order by n")}
  insert into order_event (event_id, order_id, topic, note, at) select id, order_id, topic, note, at from told`;

const STORY = `with ${TOLD(1)}`;

// The lists that people look at change in the statement that changes the order: whoever has written reads it.
const CHANGE = `
  with changed as (
    update orders set status = $2, payment_method = $3, shipping_address = $4, notes = $5, payment_id = $6, cancel_reason = $7,
      cancel_note = $8, cancel_requested_at = $9, returns = $10, reserved_at = $11, confirmed_at = $12, paid_at = $13,
      shipped_at = $14, delivered_at = $15, completed_at = $16, cancelled_at = $17, updated_at = $18, version = $19
    where id = $1
  ), mine as (
    update my_order set status = $2, total_minor = $20, items = $21, title = $22, paid = $23, cancel_requested = $24,
      open_returns = $25, version = $19, updated_at = $18
    where order_id = $1
  ), sold as (
    update seller_order set status = $2 where order_id = $1 and status <> $2
  ), returned as (
    insert into seller_return (return_id, order_id, seller_id, status, currency, refund_minor)
    select r.id, $1, r.seller_id, r.status, $26, r.refund_minor
    from jsonb_to_recordset($27::jsonb) as r(id uuid, seller_id uuid, status text, refund_minor bigint)
    on conflict (return_id) do update set status = excluded.status
  ), ${TOLD(28)}`;
