import type { Database } from "@tandem/postgres";
import type { EventShortcuts } from "../biz/ports.ts";

// The inbox row is written where there is nothing more to do, and by the transaction that does it otherwise.
const KNOWN = `
  with known as (
    select 1 from known_order where order_id = $1 and customer_id is not null and lines @> $2::jsonb
  ), once as (
    insert into tandem.inbox (consumer, event_id) select $3, $4 from known on conflict do nothing returning 1
  )
  select exists (select from known) as done, exists (select from once) as fresh`;

// `followCart` of a cart that nobody was reminded of: then no reminder can be waiting. Again, it is no newer than what is there.
const CART = `
  with saved as (
    insert into cart (cart_id, customer_id, state, items, version, event_id, changed_at, reminded_version)
    values ($1, $2, $3, $4, $5, $6, $7, 0)
    on conflict (cart_id) do update set customer_id = excluded.customer_id, state = excluded.state, items = excluded.items,
      version = excluded.version, event_id = excluded.event_id, changed_at = excluded.changed_at
    where cart.state <> 'CLOSED' and cart.version < excluded.version and cart.reminded_version = 0
    returning 1
  ), once as (
    insert into tandem.inbox (consumer, event_id) select $8, $9 from saved on conflict do nothing returning 1
  )
  select exists (select from saved) as done, exists (select from once) as fresh`;

interface Row extends Record<string, unknown> {
  readonly done: boolean;
  readonly fresh: boolean;
}

/** Events that one statement is enough for: outside of any transaction, and most of what comes. */
export const makeEventShortcuts = ({ query }: Pick<Database, "query">): EventShortcuts => ({
  async isKnown({ orderId, lines }, once, signal) {
    const values = [orderId, JSON.stringify(lines), once.consumer, once.eventId];
    const { rows } = await query<Row>({ name: "order known", text: KNOWN, values }, undefined, signal);
    if (rows[0]?.done) once.written(rows[0].fresh);
    return rows[0]?.done === true;
  },

  async takeCart(cart, once, signal) {
    const { id, customerId, state, items, version, eventId, changedAt } = cart;
    const { rows } = await query<Row>(
      {
        name: "cart take",
        text: CART,
        values: [
          id,
          customerId ?? null,
          state,
          JSON.stringify(items),
          version.toString(),
          eventId,
          changedAt,
          once.consumer,
          once.eventId,
        ],
      },
      undefined,
      signal,
    );
    if (rows[0]?.done) once.written(rows[0].fresh);
    return rows[0]?.done === true;
  },
});
