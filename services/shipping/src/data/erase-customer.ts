import type { Transaction } from "@tandem/postgres";

const BLANK = `jsonb_build_object('recipient', '', 'line1', '', 'line2', '', 'postalCode', '', 'city', '', 'region', '', 'phone', '')`;

/** Remembers it, blanks what is at its end and marks the rest. Whoever opens a shipment for them waits, or is waited for. */
export const eraseCustomer = async (tx: Transaction, customerId: string): Promise<number> => {
  // Whoever opens a shipment for a customer holds this shared (customer_is_erased): none slips through between.
  await tx.client.query("select pg_advisory_xact_lock(hashtextextended($1, 6))", [`shipping customer ${customerId}`]);

  await tx.client.query("insert into erased_customer (customer_id) values ($1) on conflict do nothing", [customerId]);
  // Locked first, by id: what is at its end is read from the rows as they are then, not as they were when a carrier's news came between.
  const { rows } = await tx.client.query<{ id: string; blank: boolean }>(
    `select id, status in ('DELIVERED', 'FAILED', 'CANCELLED') as blank
       from shipment where customer_id = $1 and not erased order by id for update`,
    [customerId],
  );
  const atEnd = rows.filter(({ blank }) => blank).map(({ id }) => id);
  await tx.client.query(
    `update shipment
       set erased = true,
         recipient = case when id = any($2) and kind <> 'RETURN' then recipient || ${BLANK} else recipient end,
         sender = case when id = any($2) and kind = 'RETURN' then sender || ${BLANK} else sender end
       where id = any($1)`,
    [rows.map(({ id }) => id), atEnd],
  );
  const ids = rows.map(({ id }) => id);
  await tx.client.query("delete from label_document where shipment_id = any($1)", [ids]);
  await tx.client.query("update tracking_event set place = '' where shipment_id = any($1)", [ids]);
  return atEnd.length;
};
