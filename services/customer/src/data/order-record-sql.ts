import type { OrderRecord, OrderStatus } from "../model/order-statistics.ts";
import type { Segment } from "../model/segment.ts";

const STATISTICS = `customer_id as "customerId", orders, cancelled, returned, spent, last_order_at as "lastOrderAt"`;

/** The row of somebody known, or a new one, locked either way. */
export const LOCK_OR_OPEN = `
  insert into order_statistics (customer_id, orders, cancelled, returned, spent) values ($1, 0, 0, 0, '{}')
  on conflict (customer_id) do update set customer_id = excluded.customer_id
  returning ${STATISTICS}`;

/** The event's inbox row and the lock in one statement; no statistics where there are none. */
export const LOCK_ONCE = `
  with once as (
    insert into tandem.inbox (consumer, event_id) values ($1, $2) on conflict do nothing returning 1
  ), locked as (
    select * from order_statistics where customer_id = $3 for update
  )
  select exists (select from once) as fresh, ${STATISTICS} from (values (1)) as always left join locked on true`;

/**
 * For an event that moves no figure: the newer snapshot of an order whose every fact is the one that was counted, and an event that is not newer
 * than what is known (it never will be). The inbox row goes with it; anything else is left alone, the inbox too. Nobody's figures are locked: whoever
 * changes them locks the order's row first.
 */
export const NOTE_ONCE = `
  with told as (
    update order_record o set version = $4, status = $5
    where o.order_id = $3 and o.version < $4 and o.customer_id = $6 and o.confirmed = $7 and o.currency = $8 and o.total_minor = $9
      and o.returned_minor = $10 and o.returned = $11 and o.placed_at = $12 and (o.status = 'CANCELLED') = ($5 = 'CANCELLED')
      and not exists (select from tandem.inbox i where i.consumer = $1 and i.event_id = $2)
    returning 1
  ), settled as (
    select from told union all select from order_record o where o.order_id = $3 and o.version >= $4
  ), once as (
    insert into tandem.inbox (consumer, event_id) select $1, $2 from settled on conflict do nothing returning 1
  )
  select exists (select from settled) as settled, exists (select from once) as fresh`;

/** Locks the order: it may be noted beside the figures (`NOTE_ONCE`). */
export const READ_ORDER = `
  select o.order_id as "orderId", o.customer_id as "customerId", o.version, o.status, o.confirmed, o.currency,
    o.total_minor as "totalMinor", o.returned_minor as "returnedMinor", o.returned, o.placed_at as "placedAt",
    (select c.segment from customer c where c.id = $2 and c.erased_at is null) as segment
  from (values (1)) as always left join (select * from order_record where order_id = $1 for update) o on true`;

export interface OrderRow {
  readonly orderId: string | null;
  readonly customerId: string;
  readonly version: string;
  readonly status: OrderStatus;
  readonly confirmed: boolean;
  readonly currency: string;
  readonly totalMinor: string;
  readonly returnedMinor: string;
  readonly returned: boolean;
  readonly placedAt: Date;
  readonly segment: Segment | null;
}

export const orderOfRow = (
  row: OrderRow | undefined,
): { readonly before: OrderRecord | undefined; readonly segment: Segment | undefined } => {
  if (!row) return { before: undefined, segment: undefined };
  const { segment, orderId, version, totalMinor, returnedMinor, ...rest } = row;
  const numbers = {
    version: BigInt(version ?? 0),
    totalMinor: BigInt(totalMinor ?? 0),
    returnedMinor: BigInt(returnedMinor ?? 0),
  };
  return {
    before: orderId === null ? undefined : { ...rest, ...numbers, orderId },
    segment: segment ?? undefined,
  };
};

/** The order's newest snapshot, and the figures that follow. */
export const SAVE = `
  with known as (
    insert into order_record (order_id, customer_id, version, status, confirmed, currency, total_minor, returned_minor, returned, placed_at)
    values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)
    on conflict (order_id) do update set version = excluded.version, status = excluded.status, confirmed = excluded.confirmed,
      currency = excluded.currency, total_minor = excluded.total_minor, returned_minor = excluded.returned_minor,
      returned = excluded.returned, placed_at = excluded.placed_at
  )
  update order_statistics set orders = $11, cancelled = $12, returned = $13, spent = $14, last_order_at = $15
  where customer_id = $2`;
